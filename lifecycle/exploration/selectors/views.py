"""Saved views of a project."""

from __future__ import annotations

from django.db.models import QuerySet

from lifecycle.common.errors import NotFound
from lifecycle.exploration.models import SavedView
from lifecycle.projects.models import Project


def list_views(project: Project, page: str = "") -> QuerySet[SavedView]:
    """By name; those of one page only, or of all."""
    found = SavedView.objects.filter(project=project, **({"page": page} if page else {}))
    return found.select_related("created_by").order_by("name", "page")


def get_view(project: Project, view_id: int) -> SavedView:
    """A saved view; NotFound otherwise."""
    found = list_views(project).filter(pk=view_id).first() if 0 < view_id < 1 << 63 else None
    if found is None:
        raise NotFound("There is no such saved view in this project.")
    return found
