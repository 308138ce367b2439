"""The page a project opens on: its stages as one loop, with live numbers and the one next action."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from lifecycle.contracts.loop import StageState, StageSummary
from lifecycle.contracts.problems import get_problem_type
from lifecycle.deployments.models import Deployment
from lifecycle.deployments.selectors import list_deployments
from lifecycle.pipelines import loop
from lifecycle.pipelines.models import PipelineRun
from lifecycle.pipelines.selectors import list_pipelines
from lifecycle.projects import selectors
from lifecycle.projects.models import Charter, Project
from lifecycle.projects.rules import GateResult, is_allowed, is_open_when_archived
from webapp import access
from webapp.navigation import remember_states
from webapp.pages.projects.events import describe_events
from webapp.templatetags.gristmill import bytesize, score

ACTIVITY_SHOWN = 8
MILESTONES_SHOWN = 4

# What the rooms' summaries call an action, and the page it leads to.
ACTIONS = {
    "datasets.upload": "datasets:upload",
    "datasets.items": "datasets:items",
    "datasets.versions": "datasets:versions",
    "explore": "exploration:overview",
    "schema": "annotations:schema",
    "label": "annotations:label",
    "label_overview": "annotations:overview",
    "run-new": "experiments:new",
    "runs": "experiments:list",
    "evaluations": "evaluations:list",
    "review": "evaluations:review",
    "models": "registry:list",
    "deploy": "deployments:list",
    "deployments": "deployments:list",
    "tryit": "deployments:list",
    "monitor": "monitoring:overview",
    "alerts": "monitoring:alerts",
    "charter": "projects:charter",
    "charter.edit": "projects:charter-edit",
    "milestones": "projects:milestones",
}


@dataclass(frozen=True)
class StageLook:
    """How a stage is drawn and where it lives."""

    title: str
    icon: str
    url_name: str
    purpose: str


LOOKS = {
    "frame": StageLook("Frame", "target", "projects:charter", "What the product must do"),
    "collect": StageLook("Collect", "cloud-upload", "datasets:collections", "Bring raw data in"),
    "explore": StageLook("Explore", "photo-search", "exploration:overview", "Look at what is there"),
    "label": StageLook("Label", "tags", "annotations:overview", "Say what is true"),
    "version": StageLook("Version", "git-commit", "datasets:versions", "Freeze a snapshot"),
    "train": StageLook("Train", "flask", "experiments:list", "Learn from it"),
    "evaluate": StageLook("Evaluate", "chart-dots", "evaluations:list", "Find out how good it is"),
    "optimize": StageLook("Models", "box", "registry:list", "Choose what counts"),
    "deploy": StageLook("Deploy", "rocket", "deployments:list", "Serve predictions"),
    "monitor": StageLook("Monitor", "activity-heartbeat", "monitoring:overview", "Watch it live"),
}


@dataclass(frozen=True)
class Station:
    """One stage on the ring, numbered from one; no `url` where the person's role does not reach."""

    number: int
    summary: StageSummary
    look: StageLook
    url: str
    action_url: str
    is_next: bool


@dataclass(frozen=True)
class Gate:
    """One limit of the charter as the loop shows it."""

    title: str
    value: str
    limit: str
    passed: bool


@login_required
@require_GET
def show(request, slug):
    project = selectors.get_project(request.user, slug, role="member")
    return render(request, "projects/loop.html", describe(project))


@login_required
@require_GET
def live(request, slug):
    """The same, for the page that refreshes itself."""
    project = selectors.get_project(request.user, slug, role="member")
    return render(request, "projects/_loop.html", describe(project))


@login_required
@require_GET
def list_states(request, slug):
    """{stage: state}, for the dots of the menu."""
    project = selectors.get_project(request.user, slug, role="member")
    return JsonResponse({summary.stage: summary.state.value for summary in _summarize(project)})


def _summarize(project: Project) -> list[StageSummary]:
    summaries = loop.summarize_all(project)
    remember_states(project, {summary.stage: summary.state.value for summary in summaries})
    return summaries


def describe(project: Project) -> dict:
    """Everything the loop shows."""
    frame, *ring = _summarize(project)
    offered = [keep_allowed(project, summary) for summary in ring]
    chosen = loop.choose_next(offered)
    stations = [build_station(project, place, summary, chosen) for place, summary in enumerate(offered, start=1)]
    round_trip = list_pipelines(project).first()
    is_turning = round_trip is not None and round_trip.state == PipelineRun.State.RUNNING
    is_working = is_turning or any(summary.state == StageState.WORKING for summary in ring)
    standing = loop.describe_standing(project)
    sees_all = is_allowed(project.role, "viewer")
    return {
        "project": project,
        "section": "loop",
        "problem": get_problem_type(project.problem_type),
        "frame": frame,
        "stations": stations,
        "round_trip": round_trip,
        "is_turning": is_turning,
        "is_live": any(summary.stage == "deploy" and summary.state == StageState.DONE for summary in ring),
        "next": next((station for station in stations if station.is_next), None),
        "done_count": sum(summary.state == StageState.DONE for summary in ring),
        "refresh_seconds": 3 if is_working else 12,
        "standing": standing,
        "gates": [describe_gate(standing, gate) for gate in standing.gates],
        "promises": list_promises(standing),
        "lines": describe_events(selectors.list_activity(project)[:ACTIVITY_SHOWN], project.slug) if sees_all else [],
        "sees_all": sees_all,
        "milestones": selectors.list_milestones(project, is_done=False)[:MILESTONES_SHOWN],
        "today": timezone.localdate(),
        "can_edit": is_allowed(project.role, "engineer") and project.archived_at is None,
    }


def build_station(project: Project, number: int, summary: StageSummary, chosen: StageSummary | None) -> Station:
    """One stage with its links."""
    look = LOOKS[summary.stage]
    return Station(
        number=number,
        summary=summary,
        look=look,
        url=reverse(look.url_name, args=[project.slug]) if _is_open(project, look.url_name) else "",
        action_url=_find_action_url(project, summary.action),
        is_next=summary is chosen,
    )


def _find_action_url(project: Project, action: str) -> str:
    if action == "tryit":
        active = list_deployments(project).filter(state=Deployment.State.ACTIVE).values_list("slug", flat=True)[:2]
        if len(active) == 1:
            return reverse("deployments:try", args=[project.slug, active[0]])
    return reverse(ACTIONS[action], args=[project.slug]) if action else ""


def keep_allowed(project: Project, summary: StageSummary) -> StageSummary:
    """The summary, without its action where the person's role does not reach."""
    if not summary.action:
        return summary
    if _is_open(project, ACTIONS[summary.action]):
        return summary
    return StageSummary(summary.stage, summary.state, summary.headline, summary.figures)


def _is_open(project: Project, url_name: str) -> bool:
    needed = access.find_role(url_name, "GET") or "owner"
    is_shut = project.archived_at is not None and not is_open_when_archived(needed)
    return is_allowed(project.role, needed) and not is_shut


def describe_gate(standing: loop.Standing, gate: GateResult) -> Gate:
    """A gate with its numbers in their units."""
    if gate.name == "p95_latency":
        return Gate("p95 latency", _milliseconds(gate.value), f"≤ {_milliseconds(gate.limit)}", gate.passed)
    if gate.name == "model_size":
        return Gate("Model size", bytesize(gate.value), f"≤ {bytesize(gate.limit)}", gate.passed)
    limit = _promise(standing.charter) if standing.charter else ""
    return Gate(standing.metric, score(gate.value), limit, gate.passed)


def list_promises(standing: loop.Standing) -> list[tuple[str, str]]:
    """(what, limit) of everything the charter asks for, before there is a champion."""
    charter = standing.charter
    if charter is None:
        return []
    found = []
    if charter.target_threshold is not None:
        found.append((standing.metric, _promise(charter)))
    if charter.max_latency_ms is not None:
        found.append(("p95 latency", f"≤ {_milliseconds(charter.max_latency_ms)}"))
    if charter.max_model_bytes is not None:
        found.append(("Model size", f"≤ {bytesize(charter.max_model_bytes)}"))
    return found


def _promise(charter: Charter) -> str:
    metric = get_problem_type(charter.project.problem_type).get_metric(charter.target_metric)
    return f"{'≥' if metric.higher_is_better else '≤'} {score(charter.target_threshold)}"


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g} ms"
