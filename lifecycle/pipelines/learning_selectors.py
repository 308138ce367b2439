"""Reads on active learning: the loop, its rounds, and how far the next one is."""

from __future__ import annotations

from django.db.models import QuerySet

from lifecycle.annotations.selectors import count_progress
from lifecycle.pipelines.learning_models import LearningLoop, LearningRound
from lifecycle.projects.models import Project


def find_loop(project: Project) -> LearningLoop:
    """The project's loop; the defaults, unsaved, while nobody touched them."""
    found = LearningLoop.objects.filter(project=project).select_related("project", "started_by").first()
    return found or LearningLoop(project=project)


def list_rounds(project: Project) -> QuerySet[LearningRound]:
    """Newest first, with their pipeline runs."""
    return LearningRound.objects.filter(loop__project=project).select_related("pipeline").order_by("-number")


def count_new_labels(project: Project, rounds: QuerySet[LearningRound]) -> int:
    """Labels since the last round began."""
    last = rounds.first()
    return max(0, count_progress(project).done - (last.labels if last else 0))
