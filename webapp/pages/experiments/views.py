"""Pages of runs: the list, one run, several side by side."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.recipes import list_recipes
from lifecycle.evaluations import selectors as evaluations
from lifecycle.experiments import rules, selectors, services
from lifecycle.experiments.models import Run
from lifecycle.jobs import selectors as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.selectors import get_project
from webapp.pages.experiments.forms import read_number

PAGE_SIZE = 50


@login_required
@require_GET
def list_runs(request, slug):
    project = get_project(request.user, slug)
    filters = _read_filters(request.GET)
    metric = selectors.get_key_metric(project)
    page = Paginator(selectors.list_runs(project, filters), PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    context = {
        "project": project,
        "section": "runs",
        "page": page,
        "rows": _build_rows(page.object_list, metric),
        "filters": filters,
        "metric": metric,
        "states": Job.State.choices,
        "recipes": list_recipes(project.problem_type),
        "experiments": selectors.list_experiment_names(project)[:100],
        "has_runs": bool(page.object_list) or selectors.list_runs(project).exists(),
        "has_version": selectors.list_versions(project).exists(),
        "max_compared": rules.MAX_COMPARED_RUNS,
    }
    return render(request, "experiments/list.html", context)


def _read_filters(query) -> selectors.RunFilters:
    sort = query.get("sort", "-number")
    return selectors.RunFilters(
        state=query.get("state", ""),
        recipe=query.get("recipe", ""),
        experiment=read_number(query.get("experiment")),
        version=read_number(query.get("version")),
        search=query.get("search", "").replace("\x00", "").strip(),
        sort=sort if sort.lstrip("-") in selectors.SORTS else "-number",
    )


def _build_rows(runs, metric) -> list[dict]:
    """Each run with its key score and how much better than the baseline of its version it is."""
    baselines = selectors.find_baselines(run.dataset_version_id for run in runs)
    titles = {recipe.key: recipe.title for recipe in list_recipes()}
    rows = []
    for run in runs:
        baseline = baselines.get(run.dataset_version_id)
        score = run.metrics.get(metric.key)
        reference = baseline.metrics.get(metric.key) if baseline and not run.is_baseline else None
        gain = rules.measure_gain(score, reference, higher_is_better=metric.higher_is_better)
        rows.append({"run": run, "score": score, "gain": gain, "recipe_title": titles.get(run.recipe, run.recipe)})
    return rows


@login_required
@require_GET
def detail(request, slug, number):
    project = get_project(request.user, slug)
    run = selectors.get_run(project, number)
    artifact = selectors.find_artifact(run)
    lines = jobs.list_log(run.job) if run.job else []
    recipe = next((r for r in list_recipes() if r.key == run.recipe), None)
    titles = {p.name: p for p in recipe.parameters} if recipe else {}
    context = {
        **build_run_context(project, run),
        "recipe": recipe,
        "parameters": [(titles.get(name), name, value) for name, value in run.parameters.items()],
        "artifact": artifact,
        "evaluations": list(evaluations.list_artifact_evaluations(artifact)) if artifact else [],
        "checkpoints": selectors.list_checkpoints(run),
        "lines": lines,
        "last_line": lines[-1].pk if lines else 0,
        "experiments": selectors.list_experiment_names(project)[:100],
    }
    return render(request, "experiments/detail.html", context)


def is_active(run: Run) -> bool:
    return run.job is not None and run.job.state in jobs.ACTIVE


def build_run_context(project, run: Run) -> dict:
    """What the live part of a run's page shows."""
    metric = selectors.get_key_metric(project)
    baseline = selectors.find_baselines([run.dataset_version_id]).get(run.dataset_version_id)
    reference = baseline.metrics if baseline and not run.is_baseline else {}
    rows = evaluations.compare_scores(project, run.metrics, reference)
    is_training = is_active(run)
    return {
        "project": project,
        "section": "runs",
        "run": run,
        "job": run.job,
        "is_active": is_training,
        "is_watched": is_training or evaluations.is_evaluating(run),  # it refreshes until the scores are in
        "waiting_reason": jobs.explain_waiting(run.job) if run.job else "",
        "remaining_seconds": jobs.estimate_remaining_seconds(run.job) if run.job else None,
        "metric": metric,
        "scores": sorted(rows, key=lambda row: row.metric.key != metric.key),
        "baseline": baseline,
        "can_edit": project.role in ("owner", "engineer"),
    }


@login_required
@require_GET
def find_by_id(request, slug, run_id):
    """The page of a run known by its row id, as jobs and the API know it."""
    project = get_project(request.user, slug)
    return redirect("experiments:detail", slug=slug, number=selectors.get_run_number(project, run_id))


@login_required
@require_GET
def compare(request, slug):
    project = get_project(request.user, slug)
    numbers = [read_number(raw, default=0) or 0 for raw in request.GET.getlist("run")]
    runs = selectors.list_runs_by_number(project, numbers)
    parameters, metrics = selectors.compare_runs(runs, evaluations.get_metrics(project))
    context = {
        "project": project,
        "section": "runs",
        "runs": runs,
        "parameters": parameters,
        "metrics": metrics,
        "differing": sum(row.differs for row in parameters),
        "only_differences": request.GET.get("show") != "all",
        "is_active": any(is_active(run) for run in runs),
        "max_compared": rules.MAX_COMPARED_RUNS,
        "too_many": len(set(numbers)) > rules.MAX_COMPARED_RUNS,
    }
    return render(request, "experiments/compare.html", context)


@login_required
@require_POST
def cancel(request, slug, number):
    return _act(request, slug, number, services.cancel_run, "The run stops within a few seconds.")


@login_required
@require_POST
def resume(request, slug, number):
    return _act(request, slug, number, services.resume_run, "The run is queued again and goes on where it stood.")


def _act(request, slug, number, verb, sentence: str):
    project = get_project(request.user, slug, role="engineer")
    run = selectors.get_run(project, number)
    try:
        verb(run=run, user=request.user)
        messages.success(request, sentence)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("experiments:detail", slug=slug, number=number)


@login_required
@require_POST
def edit(request, slug, number):
    project = get_project(request.user, slug, role="engineer")
    run = selectors.get_run(project, number)
    experiment_id = read_number(request.POST.get("experiment"))
    services.update_run(
        run=run,
        name=request.POST.get("name"),
        notes=request.POST.get("notes"),
        experiment=selectors.get_experiment(project, experiment_id) if experiment_id else None,
    )
    messages.success(request, "Saved.")
    return redirect("experiments:detail", slug=slug, number=number)


@login_required
@require_GET
def download(request, slug, number, name):
    """One file of the artifact a run left behind."""
    project = get_project(request.user, slug)
    run = selectors.get_run(project, number)
    artifact = selectors.find_artifact(run)
    blob = artifact.files.get(name) if artifact else None
    if blob is None:
        raise NotFound(f"{run} left no file of that name.")
    stream = open_blobs(settings.STORAGE_URL).open(blob)
    return FileResponse(
        stream,
        as_attachment=True,
        filename=f"run-{number}-{name.rsplit('/', 1)[-1]}",
        content_type="application/octet-stream",
    )
