"""Searches, through their project."""

from __future__ import annotations

from lifecycle.datasets.selectors.collections import get_one
from lifecycle.embeddings.models import Search
from lifecycle.projects.models import Project

RELATED = ("encoder__dataset__project", "encoder__model_version__model", "encoder__model_version__artifact", "job")


def get_search(project: Project, search_id: int) -> Search:
    """A search with its encoder and job; NotFound otherwise."""
    rows = Search.objects.filter(encoder__dataset__project=project).select_related(*RELATED)
    return get_one(rows, search_id, "search")


def load_search(search_id: int) -> Search:
    """For a job, which was authorized when it was made."""
    return Search.objects.select_related(*RELATED).get(pk=search_id)
