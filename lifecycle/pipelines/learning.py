"""Verbs of active learning: settings, start, stop, and the next round once enough new labels are there."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from lifecycle.annotations.selectors import count_progress
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.pipelines import assistance, rules, services, steps
from lifecycle.pipelines.learning_models import LearningLoop, LearningRound
from lifecycle.pipelines.models import PipelineRun
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

TRIGGER = "active learning"
MIN_EVERY, MAX_EVERY = 5, 1_000_000
GIVES_UP_AFTER = 3  # failed rounds in a row


def change_settings(
    *,
    project: Project,
    user,
    every_labels: int | None = None,
    recipe: str | None = None,
    parameters: dict[str, Any] | None = None,
    compares: bool | None = None,
) -> LearningLoop:
    """After how many labels a round begins, what it trains, and whether the random arm is trained beside it."""
    if every_labels is not None and not MIN_EVERY <= every_labels <= MAX_EVERY:
        limits = f"From {MIN_EVERY} to {MAX_EVERY:,} labels."
        raise DomainError(limits, fields={"every_labels": limits})
    if recipe:
        steps.choose_recipe(project, recipe, parameters)
    with transaction.atomic():
        loop = _lock(project)
        loop.every_labels = every_labels or loop.every_labels
        if recipe is not None:
            loop.recipe, loop.parameters = recipe, parameters or {}
        loop.compares = loop.compares if compares is None else compares
        loop.save()
    return loop


def start(*, project: Project, user) -> LearningLoop:
    """Turn the loop on; the first round begins at once where there are enough labels."""
    assistance.check_kind(project)
    with transaction.atomic():
        loop = _lock(project)
        if loop.is_running:
            raise Conflict("The active learning of this project runs already.")
        loop.is_running, loop.started_by, loop.stopped_reason = True, user, ""
        loop.save()
        assistance.find_loop_source(project, user)
        _note(project, user, "started", f"Active learning: a round after every {loop.every_labels:,} labels")
    if is_due(loop):
        start_round(loop=loop, user=user)
    return loop


def stop(*, project: Project, user) -> LearningLoop:
    """No further rounds; one that is on its way ends as it would."""
    with transaction.atomic():
        loop = _lock(project)
        if not loop.is_running:
            raise Conflict("The active learning of this project does not run.")
        loop.is_running = False
        loop.save(update_fields=["is_running", "updated_at"])
        _note(project, user, "stopped", "Active learning is stopped")
    return loop


def start_round(*, loop: LearningLoop, user) -> LearningRound:
    """commit → train → evaluate → suggest → rank → the random arm → curves, as a pipeline run."""
    project = loop.project
    assistance.check_kind(project)
    chosen = steps.choose_recipe(project, loop.recipe, loop.parameters or None)
    with transaction.atomic():
        locked = _lock(project)
        number = (locked.rounds.aggregate(n=Max("number"))["n"] or 0) + 1
        spec = {**chosen, "seed": locked.seed, "message": f"Active learning, round {number}"}
        pipeline = services.create(
            project=project,
            user=user,
            trigger=TRIGGER,
            spec=spec,
            names=rules.LEARNING_STEPS,
            title=f"round {number} of the active learning",
        )
        return LearningRound.objects.create(
            loop=locked, number=number, pipeline=pipeline, labels=count_progress(project).done
        )


def is_due(loop: LearningLoop) -> bool:
    """Whether enough labels came since the last round began, and no pipeline is in the way."""
    if PipelineRun.objects.filter(project=loop.project_id, state=PipelineRun.State.RUNNING).exists():
        return False
    last = loop.rounds.order_by("-number").first()
    return count_progress(loop.project).done - (last.labels if last else 0) >= loop.every_labels


def start_due() -> int:
    """Begin the rounds whose time has come; the clock calls it every minute. Returns how many began."""
    started = 0
    for loop in LearningLoop.objects.filter(is_running=True).select_related("project", "started_by"):
        if loop.project.archived_at is not None or not is_due(loop) or _give_up(loop):
            continue
        try:
            start_round(loop=loop, user=loop.started_by)
            started += 1
        except DomainError as error:
            _stop_itself(loop, error.message)
    return started


def _give_up(loop: LearningLoop) -> bool:
    """Stop a loop whose last rounds all failed."""
    last = list(loop.rounds.select_related("pipeline").order_by("-number")[:GIVES_UP_AFTER])
    if len(last) < GIVES_UP_AFTER or any(turn.pipeline.state != PipelineRun.State.FAILED for turn in last):
        return False
    _stop_itself(loop, f"{GIVES_UP_AFTER} rounds in a row failed. The last one: {last[0].pipeline.outcome}")
    return True


def _stop_itself(loop: LearningLoop, reason: str) -> None:
    LearningLoop.objects.filter(pk=loop.pk).update(is_running=False, stopped_reason=reason[:300])
    _note(loop.project, None, "gave_up", f"Active learning stopped by itself: {reason}")


def _lock(project: Project) -> LearningLoop:
    LearningLoop.objects.get_or_create(project=project)
    return LearningLoop.objects.select_for_update(of=("self",)).select_related("project").get(project=project)


def _note(project: Project, actor, verb: str, summary: str) -> None:
    record_event(
        project=project, actor=actor, verb=f"learning.{verb}", summary=summary[:300], object_type="active_learning"
    )
