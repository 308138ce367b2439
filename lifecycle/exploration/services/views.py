"""Saved views: a gallery's filters under a name."""

from __future__ import annotations

from urllib.parse import parse_qsl

from lifecycle.datasets.filters import ItemFilters
from lifecycle.exploration import rules
from lifecycle.exploration.models import SavedView
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_QUERY_CHARS = 20_000


def save_view(*, project: Project, user, name: str, query: str) -> SavedView:
    """Keep the filters under this name; the same name again changes what it stands for."""
    clean = rules.clean_view_name(name)
    told = ItemFilters.from_query(dict(parse_qsl(query.lstrip("?")[:MAX_QUERY_CHARS]))).to_query()
    view, is_new = SavedView.objects.update_or_create(
        project=project,
        name=clean,
        defaults={"query": told},
        create_defaults={"query": told, "created_by": user},
    )
    if is_new:
        record_event(project=project, actor=user, verb="view.saved", summary=f"Saved the view “{clean}”")
    return view


def delete_view(*, project: Project, user, view: SavedView) -> None:
    """Forget a view; the items stay as they are."""
    record_event(project=project, actor=user, verb="view.deleted", summary=f"Deleted the view “{view.name}”")
    view.delete()
