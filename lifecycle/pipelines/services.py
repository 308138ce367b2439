"""Verbs of pipelines: start one, move it on when a job of its ends, cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.pipelines import learning_steps, rules, steps
from lifecycle.pipelines.models import PipelineRun, PipelineStep
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

State = PipelineStep.State
_START = {**steps.START, **learning_steps.START}
_FINISH = {**steps.FINISH, **learning_steps.FINISH}


def start(
    *,
    project: Project,
    user,
    recipe: str = "",
    parameters: dict[str, Any] | None = None,
    seed: int = 0,
    message: str = "",
    promote: bool = True,
    release: bool = True,
    trigger: str = "manual",
) -> PipelineRun:
    """Go once round the loop: version → train → evaluate → gate → promote → release.

    An empty recipe takes the champion's, else the newest run's, else the problem type's default. Raises Conflict while
    another one runs, DomainError for parameters the recipe does not accept.
    """
    chosen = steps.choose_recipe(project, recipe, parameters)
    spec = {**chosen, "seed": seed, "message": message, "promote": promote, "release": release}
    return create(project=project, user=user, trigger=trigger, spec=spec, names=rules.STEPS, title="retraining")


def create(
    *, project: Project, user, trigger: str, spec: dict[str, Any], names: Sequence[str], title: str
) -> PipelineRun:
    """A pipeline run of these steps, on its way. Raises Conflict while another one runs."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        if PipelineRun.objects.filter(project=project, state=PipelineRun.State.RUNNING).exists():
            raise Conflict("A pipeline already runs in this project. Wait for it or cancel it.")
        number = (PipelineRun.objects.filter(project=project).aggregate(n=Max("number"))["n"] or 0) + 1
        pipeline = PipelineRun.objects.create(
            project=project, number=number, trigger=trigger, spec=spec, created_by=user
        )
        PipelineStep.objects.bulk_create(
            PipelineStep(pipeline_run=pipeline, position=position, name=name) for position, name in enumerate(names)
        )
        record_event(
            project=project,
            actor=user,
            verb="pipeline.started",
            summary=f"Started {title} (pipeline {number})",
            object_type="pipeline",
            object_id=number,
        )
        _wake(pipeline)
    return pipeline


def advance(*, pipeline: PipelineRun) -> PipelineRun:
    """Do all that can be done now: finish the steps whose jobs have ended, start the next, or end the pipeline.

    Calling it too often, or twice at once, changes nothing.
    """
    with transaction.atomic():
        found = PipelineRun.objects.select_for_update(of=("self",)).select_related("project", "created_by")
        locked = found.get(pk=pipeline.pk)
        if locked.state != PipelineRun.State.RUNNING:
            return locked
        for step in locked.steps.select_related("job"):
            if not _advance_step(locked, step):
                return locked
        _end(locked, PipelineRun.State.SUCCEEDED, steps.describe_outcome(locked))
    return locked


def on_job_ended(*, job_id: int) -> None:
    """A job has ended: if a running pipeline waits for it, move that pipeline on."""
    waiting = PipelineStep.objects.filter(
        job_id=job_id, job__state__in=jobs.ENDED, state=State.RUNNING, pipeline_run__state=PipelineRun.State.RUNNING
    ).select_related("pipeline_run__project")
    for step in waiting:
        _wake(step.pipeline_run)


def sweep() -> int:
    """Move on the running pipelines that wait for nothing: their worker died between two steps. Returns how many."""
    active = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    mover = active.filter(kind="pipeline", project=OuterRef("project"), subject_id=OuterRef("number"))
    waiting = PipelineStep.objects.filter(pipeline_run=OuterRef("pk"), state=State.RUNNING, job__in=active)
    running = PipelineRun.objects.filter(~Exists(mover), ~Exists(waiting), state=PipelineRun.State.RUNNING)
    stuck = list(running.select_related("project", "created_by"))
    for pipeline in stuck:
        _wake(pipeline)
    return len(stuck)


def cancel(*, pipeline: PipelineRun, user) -> PipelineRun:
    """Stop a running pipeline and the job it waits for. Raises Conflict when it has ended."""
    with transaction.atomic():
        locked = PipelineRun.objects.select_for_update().get(pk=pipeline.pk)
        if locked.state != PipelineRun.State.RUNNING:
            raise Conflict("This pipeline has already ended.")
        current = locked.steps.select_related("job").filter(state=State.RUNNING).first()
        if current is not None:
            if current.job is not None and current.job.state in (Job.State.QUEUED, Job.State.RUNNING):
                jobs.cancel(job=current.job)
            _finish(current, State.FAILED, ["Canceled."])
        _end(locked, PipelineRun.State.CANCELED, "Canceled.")
        record_event(
            project=locked.project,
            actor=user,
            verb="pipeline.canceled",
            summary=f"Canceled pipeline {locked.number}",
            object_type="pipeline",
            object_id=locked.number,
        )
    return locked


def _wake(pipeline: PipelineRun) -> None:
    jobs.enqueue(
        kind="pipeline",
        title=f"Move pipeline {pipeline.number} on",
        spec={"pipeline_run_id": pipeline.pk},
        project=pipeline.project,
        created_by=pipeline.created_by,
        subject_type="pipeline",
        subject_id=pipeline.number,
    )


def _advance_step(pipeline: PipelineRun, step: PipelineStep) -> bool:
    """True when the step is behind us, False when it waits or the pipeline has ended with it."""
    if step.state in (State.SUCCEEDED, State.SKIPPED):
        return True
    try:
        if step.state == State.WAITING:
            step.state, step.started_at = State.RUNNING, timezone.now()
            with transaction.atomic():
                outcome = _START[step.name](pipeline)
        else:
            outcome = steps.check(pipeline, step, _FINISH)
    except DomainError as error:
        outcome = steps.Outcome(State.FAILED, [error.message])
    return _apply(pipeline, step, outcome)


def _apply(pipeline: PipelineRun, step: PipelineStep, outcome: steps.Outcome) -> bool:
    step.job = outcome.job or step.job
    step.subject_type = outcome.subject_type or step.subject_type
    step.subject_id = outcome.subject_id or step.subject_id
    if outcome.state == State.RUNNING:
        step.save()
        if step.job is None or step.job.state not in (Job.State.QUEUED, Job.State.RUNNING):
            return _apply(pipeline, step, steps.check(pipeline, step, _FINISH))
        return False
    _finish(step, outcome.state, outcome.reasons)
    if outcome.state == State.FAILED:
        _end(pipeline, PipelineRun.State.FAILED, f"{rules.STEP_TITLES[step.name]}: {' '.join(outcome.reasons)}")
    return outcome.state != State.FAILED


def _finish(step: PipelineStep, state: str, reasons: list[str]) -> None:
    step.state, step.reasons, step.finished_at = state, reasons, timezone.now()
    step.save()


def _end(pipeline: PipelineRun, state: str, outcome: str) -> None:
    pipeline.state, pipeline.outcome, pipeline.finished_at = state, outcome[:300], timezone.now()
    pipeline.save(update_fields=["state", "outcome", "finished_at", "updated_at"])
    record_event(
        project=pipeline.project,
        actor=None,
        verb=f"pipeline.{state}",
        summary=f"Pipeline {pipeline.number}: {outcome}",
        object_type="pipeline",
        object_id=pipeline.number,
    )
