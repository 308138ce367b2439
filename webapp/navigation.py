"""The left navigation of a project: the stages of its loop with their states, then the project itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.urls import NoReverseMatch, reverse

from lifecycle.projects.rules import is_allowed
from webapp import access

STATES_SECONDS = 300
FRESH_SECONDS = 30  # older dots are shown at once, and worked out again behind the page


@dataclass(frozen=True)
class Place:
    """`sections` are the values of the context variable `section` that this place answers to."""

    sections: tuple[str, ...]
    title: str
    icon: str
    url_name: str
    stage: str = ""


@dataclass(frozen=True)
class Link:
    title: str
    icon: str
    url: str
    is_current: bool
    state: str
    stage: str = ""


GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    ("", (Place(("loop",), "The loop", "infinity", "projects:loop"),)),
    (
        "Data",
        (
            Place(("collect",), "Collect", "cloud-upload", "datasets:collections", "collect"),
            Place(("explore",), "Explore", "photo-search", "exploration:overview", "explore"),
            Place(("map",), "Map", "map-2", "embeddings:map"),
            Place(("label",), "Label", "tags", "annotations:overview", "label"),
            Place(("version",), "Version", "git-commit", "datasets:versions", "version"),
        ),
    ),
    (
        "Models",
        (
            Place(("train", "runs"), "Train", "flask", "experiments:list", "train"),
            Place(("evaluate", "evaluations"), "Evaluate", "chart-dots", "evaluations:list", "evaluate"),
            Place(("review",), "Review", "checklist", "evaluations:review"),
            Place(("optimize", "registry", "models"), "Models", "box", "registry:list", "optimize"),
        ),
    ),
    (
        "Live",
        (
            Place(("deploy", "deployments"), "Deploy", "rocket", "deployments:list", "deploy"),
            Place(("monitor",), "Monitor", "activity-heartbeat", "monitoring:overview", "monitor"),
            Place(("pipelines", "retrain"), "Retrain", "refresh", "pipelines:list"),
        ),
    ),
    (
        "Project",
        (
            Place(("charter",), "Charter", "target", "projects:charter", "frame"),
            Place(("milestones",), "Milestones", "flag", "projects:milestones"),
            Place(("decisions",), "Decisions", "gavel", "projects:decisions"),
            Place(("activity",), "Activity", "history", "projects:activity"),
            Place(("jobs",), "Jobs", "stack-2", "jobs:list"),
            Place(("members", "invitations"), "People", "users", "projects:members"),
            Place(("settings",), "Settings", "settings", "projects:settings"),
        ),
    ),
)
BAR = ("loop", "explore", "label", "runs")  # what a phone's bottom bar offers beside the whole menu


def build_navigation(project: Any, section: str) -> list[tuple[str, list[Link]]]:
    """(group title, links) with the current place marked: what the person's role may open."""
    states = recall_states(project)
    groups = []
    for title, places in GROUPS:
        links = [_link(project, place, section, states) for place in places if _is_open(project, place)]
        groups.append((title, [link for link in links if link is not None]))
    return [(title, links) for title, links in groups if links]


def build_bar(project: Any, section: str) -> list[Link]:
    """The few links of the bottom bar on phones."""
    open_places = [place for _, group in GROUPS for place in group if _is_open(project, place)]
    places = [place for place in open_places if set(BAR) & set(place.sections)]
    links = [_link(project, place, section, {}) for place in places]
    return [link for link in links if link is not None]


def _is_open(project: Any, place: Place) -> bool:
    return is_allowed(getattr(project, "role", "viewer"), access.find_role(place.url_name, "GET") or "owner")


def _link(project: Any, place: Place, section: str, states: dict[str, str]) -> Link | None:
    try:
        url = reverse(place.url_name, args=[project.slug])
    except NoReverseMatch:
        return None
    return Link(place.title, place.icon, url, section in place.sections, states.get(place.stage, ""), place.stage)


def remember_states(project: Any, states: dict[str, str]) -> None:
    """Keep what was just worked out, for the dots of the next pages."""
    cache.set(f"stage-states:{project.pk}", states, STATES_SECONDS)
    cache.set(f"stage-states-fresh:{project.pk}", True, FRESH_SECONDS)


def are_states_fresh(project: Any) -> bool:
    return cache.get(f"stage-states-fresh:{project.pk}", False)


def recall_states(project: Any) -> dict[str, str]:
    return cache.get(f"stage-states:{project.pk}") or {}
