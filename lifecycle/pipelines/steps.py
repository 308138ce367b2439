"""What each step of a pipeline starts, and how it reads what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.recipes import ParameterErrors, get_recipe, list_recipes, parse_parameters
from lifecycle.contracts.wording import count_words
from lifecycle.datasets import services as datasets
from lifecycle.datasets.models import Dataset, DatasetVersion
from lifecycle.deployments import services as deployments
from lifecycle.deployments.models import Deployment
from lifecycle.evaluations import selectors as evaluation_selectors
from lifecycle.evaluations import services as evaluations
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments import services as experiments
from lifecycle.experiments.models import Run
from lifecycle.experiments.selectors import get_key_metric
from lifecycle.jobs.models import Job
from lifecycle.pipelines import rules
from lifecycle.pipelines.models import PipelineRun, PipelineStep
from lifecycle.projects.models import Charter, Project
from lifecycle.registry import selectors as registry_selectors
from lifecycle.registry import services as registry
from lifecycle.registry.models import ModelVersion

State = PipelineStep.State


@dataclass(frozen=True)
class Outcome:
    """What starting or checking a step came to; RUNNING with a job means: wait for that job."""

    state: str
    reasons: list[str] = field(default_factory=list)
    job: Job | None = None
    subject_type: str = ""
    subject_id: int | None = None


def choose_recipe(project: Project, recipe: str, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """{"recipe", "parameters"}: as asked, else the champion's, the newest run's, or the problem type's default."""
    if not recipe:
        champion = registry_selectors.find_champion(project)
        run = champion.artifact.run if champion else None
        run = run or Run.objects.filter(project=project, is_baseline=False).order_by("-number").first()
        if run is not None:
            return {"recipe": run.recipe, "parameters": dict(run.parameters)}
        recipe = get_problem_type(project.problem_type).default_recipe
    if recipe not in {r.key for r in list_recipes(project.problem_type)}:
        raise DomainError("There is no such recipe for this problem type.", fields={"recipe": "Choose a recipe."})
    try:
        return {"recipe": recipe, "parameters": parse_parameters(get_recipe(recipe), parameters or {})}
    except ParameterErrors as error:
        raise DomainError("Some parameters need another look.", fields=error.errors) from None


def check(pipeline: PipelineRun, step: PipelineStep, finish: Mapping[str, Finish]) -> Outcome:
    """How a step that waits for a job stands; `finish` says by the step's name what a job that went well led to."""
    job = Job.objects.filter(pk=step.job_id).first() if step.job_id else None
    if job is not None and job.state in (Job.State.QUEUED, Job.State.RUNNING):
        return Outcome(State.RUNNING, job=job)
    if job is not None and job.state != Job.State.SUCCEEDED:
        return Outcome(State.FAILED, [job.error or f"The job ended {job.state}."])
    return finish[step.name](pipeline, step, job)


def describe_outcome(pipeline: PipelineRun) -> str:
    """One sentence on what a finished pipeline led to."""
    found = {step.name: step for step in pipeline.steps.all()}
    if "promote" not in found:
        return " ".join(found["curve"].reasons or ["Done."])
    return " ".join(found["promote"].reasons or found["gate"].reasons[-1:] or ["Done."])


def _start_version(pipeline: PipelineRun) -> Outcome:
    dataset = Dataset.objects.filter(project=pipeline.project).order_by("pk").first()
    if dataset is None:
        raise DomainError("This project has no dataset yet; collect some items first.")
    job = datasets.commit_version(
        dataset=dataset,
        user=pipeline.created_by,
        message=pipeline.spec["message"] or f"Retraining {pipeline.number}",
        idempotency_key=f"pipeline:{pipeline.pk}:version",
    )
    return Outcome(State.RUNNING, job=job)


def _finish_version(pipeline: PipelineRun, step: PipelineStep, job: Job | None) -> Outcome:
    assert job is not None and job.result is not None
    version = DatasetVersion.objects.get(pk=job.result["version_id"])
    new = f"Committed {version} with {count_words(version.item_count, 'item')}, {version.labeled_count:,} labeled."
    same = f"Nothing has changed since {version}, so it is used again."
    reason = new if job.result["is_new"] else same
    return Outcome(State.SUCCEEDED, [reason], subject_type="version", subject_id=version.pk)


def _start_train(pipeline: PipelineRun) -> Outcome:
    run = experiments.start_run(
        project=pipeline.project,
        user=pipeline.created_by,
        recipe=pipeline.spec["recipe"],
        parameters=pipeline.spec["parameters"],
        seed=pipeline.spec["seed"],
        dataset_version=DatasetVersion.objects.get(pk=find_subject(pipeline, "version")),
        name=f"Retraining {pipeline.number}",
    )
    return Outcome(State.RUNNING, job=run.job, subject_type="run", subject_id=run.pk)


def finish_train(pipeline: PipelineRun, step: PipelineStep, job: Job | None) -> Outcome:
    run = Run.objects.get(pk=get_subject(step))
    metric = get_key_metric(pipeline.project)
    value = run.metrics.get(metric.key)
    measured = f"; {metric.title} on validation is {value:.4g}" if value is not None else ""
    return Outcome(State.SUCCEEDED, [f"Run {run.number} trained for {run.steps:,} steps{measured}."])


def _start_evaluate(pipeline: PipelineRun) -> Outcome:
    run = Run.objects.get(pk=find_subject(pipeline, "train"))
    artifact = run.artifacts.order_by("-pk").first()
    evaluation = evaluations.evaluate_run(run=run, artifact=artifact) if artifact else None
    if evaluation is None:
        raise DomainError("The version has no labeled test or validation items to evaluate on.")
    return Outcome(State.RUNNING, job=evaluation.job, subject_type="evaluation", subject_id=evaluation.pk)


def finish_evaluate(pipeline: PipelineRun, step: PipelineStep, job: Job | None) -> Outcome:
    evaluation = Evaluation.objects.get(pk=get_subject(step))
    metric = get_key_metric(pipeline.project)
    value = evaluation.metrics.get(metric.key)
    measured = f"{metric.title} is {value:.4g}" if value is not None else f"{metric.title} could not be measured"
    return Outcome(State.SUCCEEDED, [f"{measured} on {evaluation.item_count:,} {evaluation.split} items."])


def _start_champion(pipeline: PipelineRun) -> Outcome:
    champion = registry_selectors.find_champion(pipeline.project)
    if champion is None:
        return Outcome(State.SKIPPED, ["There is no champion yet."])
    ours = find_evaluation(pipeline)
    evaluation = evaluations.evaluate(
        project=pipeline.project,
        user=pipeline.created_by,
        artifact=champion.artifact,
        dataset_version=ours.dataset_version,
        split=ours.split,
    )
    return Outcome(State.RUNNING, job=evaluation.job, subject_type="evaluation", subject_id=evaluation.pk)


def _start_gate(pipeline: PipelineRun) -> Outcome:
    ours = find_evaluation(pipeline)
    champion_id = PipelineStep.objects.get(pipeline_run=pipeline, name="champion").subject_id  # None: there was none
    champion = Evaluation.objects.filter(pk=champion_id).first() if champion_id else None
    charter = Charter.objects.filter(project=pipeline.project).order_by("-version").first()
    metric = get_key_metric(pipeline.project)
    verdict = rules.decide(
        gates=evaluation_selectors.list_gates(ours),
        metric=metric,
        value=ours.metrics.get(metric.key),
        champion_value=champion.metrics.get(metric.key) if champion else None,
        has_champion=champion is not None,
        requires_approval=bool(charter and charter.requires_approval),
        may_promote=pipeline.spec["promote"],
    )
    pipeline.spec = {**pipeline.spec, "alias": verdict.alias}
    pipeline.save(update_fields=["spec", "updated_at"])
    return Outcome(State.SUCCEEDED, verdict.reasons)


def _start_register(pipeline: PipelineRun) -> Outcome:
    if not pipeline.spec["alias"]:
        return Outcome(State.SKIPPED, ["It did not pass the gate; the run and its evaluation are kept."])
    ours = find_evaluation(pipeline)
    version = registry.register(
        project=pipeline.project, user=pipeline.created_by, artifact=ours.artifact, evaluation=ours
    )
    return Outcome(State.SUCCEEDED, [f"Registered {version}."], subject_type="model_version", subject_id=version.pk)


def _start_promote(pipeline: PipelineRun) -> Outcome:
    alias = pipeline.spec["alias"]
    if not alias:
        return Outcome(State.SKIPPED, ["Not promoted."])
    version = ModelVersion.objects.select_related("model").get(pk=find_subject(pipeline, "register"))
    registry.promote(version=version, user=pipeline.created_by, alias=alias)
    return Outcome(State.SUCCEEDED, [f"{version} is now the {alias}."])


def _start_release(pipeline: PipelineRun) -> Outcome:
    if pipeline.spec["alias"] != "champion" or not pipeline.spec["release"]:
        return Outcome(State.SKIPPED, ["Nothing to release: no new champion."])
    version = ModelVersion.objects.select_related("model").get(pk=find_subject(pipeline, "register"))
    live = Deployment.objects.filter(model=version.model, state=Deployment.State.ACTIVE)
    if not live:
        return Outcome(State.SKIPPED, ["The model is not deployed."])
    for deployment in live:
        deployments.release(
            deployment=deployment, user=pipeline.created_by, version=version, note=f"Retraining {pipeline.number}"
        )
    names = ", ".join(deployment.slug for deployment in live)
    return Outcome(State.SUCCEEDED, [f"Released to {names}."])


def find_subject(pipeline: PipelineRun, name: str) -> int:
    """What the step of that name has worked on."""
    return get_subject(PipelineStep.objects.get(pipeline_run=pipeline, name=name))


def get_subject(step: PipelineStep) -> int:
    """What a step that ran has worked on."""
    assert step.subject_id is not None
    return step.subject_id


def find_evaluation(pipeline: PipelineRun) -> Evaluation:
    """The scores of the model that this pipeline trained."""
    found = Evaluation.objects.select_related("artifact__run", "dataset_version", "project")
    return found.get(pk=find_subject(pipeline, "evaluate"))


Start = Callable[[PipelineRun], Outcome]
Finish = Callable[[PipelineRun, PipelineStep, Job | None], Outcome]
START: dict[str, Start] = {
    "version": _start_version,
    "train": _start_train,
    "evaluate": _start_evaluate,
    "champion": _start_champion,
    "gate": _start_gate,
    "register": _start_register,
    "promote": _start_promote,
    "release": _start_release,
}
FINISH: dict[str, Finish] = {
    "version": _finish_version,
    "train": finish_train,
    "evaluate": finish_evaluate,
    "champion": finish_evaluate,
}
