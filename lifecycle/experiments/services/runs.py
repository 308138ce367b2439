"""Start, cancel, continue and describe runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.contracts.recipes import ParameterErrors, Recipe, list_recipes, parse_parameters
from lifecycle.datasets.models import DatasetVersion
from lifecycle.experiments import rules
from lifecycle.experiments.models import Experiment, Run
from lifecycle.jobs import services as jobs
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event


def start_run(
    *,
    project: Project,
    user,
    recipe: str,
    parameters: Mapping[str, Any],
    seed: int,
    dataset_version: DatasetVersion,
    experiment: Experiment | None = None,
    name: str = "",
    subset_blob: str = "",
) -> Run:
    """Queue one training, and a trivial baseline beside it when the dataset version has none yet.

    `subset_blob` is a Parquet file with a column item_id: of the train split only these are learned from.

    Raises DomainError (with one message a field) for parameters the recipe does not accept and for versions that
    nothing can be learned from.
    """
    chosen = _get_recipe(project, recipe)
    values = _parse(chosen, parameters)
    if not 0 <= seed <= rules.MAX_SEED:
        raise DomainError("The seed is out of range.", fields={"seed": f"Enter 0 to {rules.MAX_SEED}."})
    _check_version(project, dataset_version)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)  # numbers are given one at a time
        group = experiment or Experiment.objects.get_or_create(project=project, name=rules.DEFAULT_EXPERIMENT)[0]
        run = _create(project, user, chosen, values, seed, dataset_version, group, name, subset_blob)
        baseline = _find_baseline_recipe(project)
        if baseline and not chosen.is_baseline and not _has_baseline(dataset_version):
            _create(project, user, baseline, parse_parameters(baseline, {}), 0, dataset_version, group, "Baseline")
    return run


def cancel_run(*, run: Run, user) -> Run:
    """Stop a training: at once while it waits, within seconds while it runs. Raises Conflict when it has ended."""
    if run.job is None:
        raise Conflict("This run has no job that could be canceled.")
    with transaction.atomic():
        run.job = jobs.cancel(job=run.job)
        _record(run, user, "run.canceled", f"Canceled {run}")
    return run


def resume_run(*, run: Run, user) -> Run:
    """Queue a failed or canceled training again; it continues from its last checkpoint, if it has one."""
    if run.job is None:
        raise Conflict("This run has no job that could be started again.")
    with transaction.atomic():
        run.job = jobs.retry(job=run.job)
        _record(run, user, "run.resumed", f"Continued {run}")
    return run


def update_run(*, run: Run, name: str | None = None, notes: str | None = None, experiment=None) -> Run:
    """Change what people call a run, what they write about it, or the experiment it belongs to."""
    if name is not None:
        run.name = " ".join(name.split())[:120]
    if notes is not None:
        run.notes = notes
    if experiment is not None:
        run.experiment = experiment
    run.save(update_fields=["name", "notes", "experiment", "updated_at"])
    return run


def _get_recipe(project: Project, key: str) -> Recipe:
    for recipe in list_recipes(project.problem_type):
        if recipe.key == key:
            return recipe
    known = ", ".join(r.key for r in list_recipes(project.problem_type))
    if not known:
        raise DomainError(f"No recipe trains {get_problem_type(project.problem_type).title.lower()} yet.")
    raise DomainError(
        f"There is no recipe “{key[:60]}” for this project's problem type. Choose one of: {known}.",
        fields={"recipe": "Choose one of the recipes."},
    )


def _parse(recipe: Recipe, parameters: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return parse_parameters(recipe, parameters)
    except ParameterErrors as error:
        raise DomainError("Some parameters need another look.", fields=error.errors) from None


def _check_version(project: Project, version: DatasetVersion) -> None:
    if version.dataset.project_id != project.pk:
        raise NotFound("There is no such dataset version in this project.")
    balance = version.summary.get("balance")
    reason = rules.explain_untrainable(
        version=str(version),
        labeled_count=version.labeled_count,
        train_balance=balance.get("train", {}) if balance is not None else None,
        needs_classes=get_problem_type(project.problem_type).label_kind == LabelKind.CLASS,
    )
    if reason:
        raise DomainError(reason, fields={"dataset_version": reason})


def _find_baseline_recipe(project: Project) -> Recipe | None:
    return next((recipe for recipe in list_recipes(project.problem_type) if recipe.is_baseline), None)


def _has_baseline(version: DatasetVersion) -> bool:
    """A baseline that failed or was canceled is none."""
    dead = (jobs.State.FAILED, jobs.State.CANCELED)
    return Run.objects.filter(dataset_version=version, is_baseline=True).exclude(job__state__in=dead).exists()


def _create(project, user, recipe: Recipe, values, seed, version, experiment, name, subset_blob="") -> Run:
    last = Run.objects.filter(project=project).aggregate(Max("number"))["number__max"]
    run = Run.objects.create(
        project=project,
        experiment=experiment,
        number=(last or 0) + 1,
        name=" ".join(name.split())[:120],
        recipe=recipe.key,
        parameters=values,
        seed=seed,
        dataset_version=version,
        is_baseline=recipe.is_baseline,
        subset_blob=subset_blob,
        created_by=user,
    )
    run.job = jobs.enqueue(
        kind="train",
        title=f"Train run {run.number}: {recipe.title} on {version}",
        spec={"run_id": run.pk},
        project=project,
        created_by=user,
        subject_type="run",
        subject_id=run.pk,
    )
    run.save(update_fields=["job"])
    _record(run, user, "run.started", f"Started run {run.number}: {recipe.title} on {version}")
    return run


def _record(run: Run, user, verb: str, summary: str) -> None:
    record_event(
        project=run.project,
        actor=user,
        verb=verb,
        summary=summary,
        object_type="run",
        object_id=str(run.number),
        details={"recipe": run.recipe, "dataset_version": run.dataset_version.number, "seed": run.seed},
    )
