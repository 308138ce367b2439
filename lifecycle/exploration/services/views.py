"""Saved views: what a page shows under a name."""

from __future__ import annotations

from lifecycle.exploration import rules, view_queries
from lifecycle.exploration.models import SavedView
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event


def save_view(*, project: Project, user, name: str, query: str, page: str = SavedView.Page.ITEMS) -> SavedView:
    """Keep what the page shows under this name; the same name on the same page again changes what it stands for."""
    clean = rules.clean_view_name(name)
    told = view_queries.clean_query(page, query)
    view, is_new = SavedView.objects.update_or_create(
        project=project,
        page=page,
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
