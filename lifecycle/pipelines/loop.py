"""The loop of one project: what every room says of its stage, and which single thing to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lifecycle.annotations.selectors import summarize_label
from lifecycle.annotations.suggestion_selectors import find_assistance
from lifecycle.contracts.loop import Figure, StageState, StageSummary
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.selectors import summarize_collect, summarize_version
from lifecycle.deployments.selectors import summarize_deploy
from lifecycle.evaluations import selectors as evaluations
from lifecycle.evaluations.selectors import summarize_evaluate
from lifecycle.experiments.selectors import summarize_train
from lifecycle.exploration.selectors import summarize_explore
from lifecycle.monitoring.selectors import summarize_monitor
from lifecycle.projects.models import Charter, Project
from lifecycle.projects.rules import GateResult
from lifecycle.projects.selectors import find_charter, summarize_frame
from lifecycle.registry.models import ModelVersion
from lifecycle.registry.selectors import find_champion, summarize_optimize


def summarize_labelling(project: Project) -> StageSummary:
    """The label stage; where suggestions were ever made, whether they are shown takes the place of the class count."""
    summary, settings = summarize_label(project), find_assistance(project)
    if settings is None:
        return summary
    shown = "on" if settings.is_on and settings.source_id else "off"
    return replace(summary, figures=(*summary.figures[:2], Figure("suggestions", shown)))


RING: tuple[Callable[[Project], StageSummary], ...] = (
    summarize_collect,
    summarize_explore,
    summarize_labelling,
    summarize_version,
    summarize_train,
    summarize_evaluate,
    summarize_optimize,
    summarize_deploy,
    summarize_monitor,
)


@dataclass(frozen=True)
class Standing:
    """The champion held against the charter; `gates` is empty when nothing was promised or measured."""

    charter: Charter | None
    metric: str
    champion: ModelVersion | None
    value: float | None
    gates: list[GateResult]


def summarize_stages(project: Project) -> list[StageSummary]:
    """The stages of the ring in their order, from collect to monitor."""
    return [summarize(project) for summarize in RING]


def summarize_all(project: Project) -> list[StageSummary]:
    """The framing first, then the ring."""
    return [summarize_frame(project), *summarize_stages(project)]


def choose_next(stages: Sequence[StageSummary]) -> StageSummary | None:
    """The one stage to go to next; None when no stage offers anything to do.

    Trouble comes first, and of two the one nearer to the users of the product. Else what is at work. Else the first
    stage that is ready, seen from the furthest one that is done: so that nobody is sent back before the first round is
    complete. With everything done, the next round starts where data comes in.
    """
    offered = [stage for stage in stages if stage.action]
    troubled = [stage for stage in offered if stage.state == StageState.ATTENTION]
    if troubled:
        return troubled[-1]
    working = [stage for stage in offered if stage.state == StageState.WORKING]
    if working:
        return working[-1]
    done = [place for place, stage in enumerate(stages) if stage.state == StageState.DONE]
    start = done[-1] + 1 if done else 0
    ready = [stage for stage in (*stages[start:], *stages[:start]) if stage.state == StageState.READY and stage.action]
    return ready[0] if ready else next(iter(offered), None)


def describe_standing(project: Project) -> Standing:
    """Where the champion is, and what the charter asks of it."""
    charter, champion = find_charter(project), find_champion(project)
    problem = get_problem_type(project.problem_type)
    metric = problem.get_metric(charter.target_metric) if charter else problem.metrics[0]
    evaluation: Any = champion.evaluation if champion else None
    value = evaluation.metrics.get(metric.key) if evaluation else None
    gates = evaluations.list_gates(evaluation) if evaluation else []
    return Standing(charter, metric.title, champion, value, gates)
