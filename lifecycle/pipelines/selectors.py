"""Reads on pipeline runs and their steps."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from lifecycle.common.errors import NotFound
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments.models import Run
from lifecycle.pipelines import rules
from lifecycle.pipelines.models import PipelineRun, PipelineStep


@dataclass(frozen=True)
class StepView:
    """A step as a person reads it; `run_number` and `evaluation_id` are set where there is something to open."""

    step: PipelineStep
    title: str
    run_number: int | None
    evaluation_id: int | None


def get_pipeline(project, number: int) -> PipelineRun:
    """One pipeline run by its number in the project; NotFound when there is none."""
    found = PipelineRun.objects.filter(project=project, number=number).select_related("project", "created_by").first()
    if found is None:
        raise NotFound("There is no such pipeline run in this project.")
    return found


def load_pipeline(pipeline_run_id: int) -> PipelineRun:
    """By primary key, for the worker."""
    return PipelineRun.objects.select_related("project", "created_by").get(pk=pipeline_run_id)


def list_pipelines(project) -> QuerySet[PipelineRun]:
    return PipelineRun.objects.filter(project=project).select_related("created_by").order_by("-number")


def find_running(project) -> PipelineRun | None:
    return PipelineRun.objects.filter(project=project, state=PipelineRun.State.RUNNING).first()


def list_steps(pipeline: PipelineRun) -> list[StepView]:
    """The steps in order, with what they made."""
    steps = list(pipeline.steps.select_related("job"))
    runs = _subjects(steps, "run")
    numbers = dict(Run.objects.filter(pk__in=runs).values_list("pk", "number"))
    evaluations = set(Evaluation.objects.filter(pk__in=_subjects(steps, "evaluation")).values_list("pk", flat=True))
    return [
        StepView(
            step,
            rules.STEP_TITLES[step.name],
            numbers.get(step.subject_id) if step.subject_type == "run" and step.subject_id else None,
            step.subject_id if step.subject_type == "evaluation" and step.subject_id in evaluations else None,
        )
        for step in steps
    ]


def _subjects(steps: list[PipelineStep], subject_type: str) -> list[int]:
    return [s.subject_id for s in steps if s.subject_type == subject_type and s.subject_id]
