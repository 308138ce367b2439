"""Reads on selections: lists of items that somebody chose by hand."""

from __future__ import annotations

from django.db.models import Func, QuerySet

from lifecycle.datasets.models import Selection
from lifecycle.datasets.selectors.collections import get_one
from lifecycle.projects.models import Project


def get_selection(project: Project, selection_id: int) -> Selection:
    """A selection without its ids; NotFound otherwise."""
    selections = Selection.objects.filter(project=project).select_related("created_by").defer("item_ids")
    return get_one(selections, selection_id, "selection")


def list_selections(project: Project) -> QuerySet[Selection]:
    """Newest first, without their ids."""
    return Selection.objects.filter(project=project).select_related("created_by").defer("item_ids")


def list_selected_ids(project: Project, selection_id: int) -> QuerySet:
    """Ids of the items of a selection, to filter by; none for a selection of another project."""
    found = Selection.objects.filter(project=project, pk=selection_id).order_by()
    return found.values_list(Func("item_ids", function="unnest"), flat=True)
