"""Saved views of all pages that have them, and the tags of one item."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.datasets.selectors import get_item
from lifecycle.embeddings.selectors import list_maps
from lifecycle.exploration import selectors, services
from lifecycle.exploration.models import SavedView
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.exploration.targets import pick_next


@login_required
@require_http_methods(["GET", "POST"])
def list_views(request, slug):
    """All saved views; posting saves what a page shows under a name."""
    project = get_project(request.user, slug, role="reviewer" if request.method == "POST" else "viewer")
    if request.method == "POST":
        try:
            told = {name: request.POST.get(name, "") for name in ("name", "query")}
            told["page"] = request.POST.get("page", "items")
            view = services.save_view(project=project, user=request.user, **told)
            messages.success(request, f"Saved the view “{view.name}”. Everybody in the project finds it here.")
        except DomainError as error:
            messages.error(request, error.message)
        return redirect(pick_next(request, reverse("exploration:views", args=[slug])))
    context = {
        "project": project,
        "section": "explore",
        "views": selectors.list_views(project),
        "tags": selectors.list_tags(project),
        "may_save": is_allowed(project.role, "reviewer"),
    }
    return render(request, "exploration/views.html", context)


@login_required
@require_GET
def open_view(request, slug, view_id):
    """The view's page as the view describes it."""
    project = get_project(request.user, slug)
    view = selectors.get_view(project, view_id)
    asked = QueryDict(view.query, mutable=True)
    number = int(asked.get("map") or 0) if view.page == SavedView.Page.MAP else 0  # digits only: see view_queries
    if number and not list_maps(project).filter(pk=number).exists():
        del asked["map"]
        messages.info(request, "The map of this view was removed; this is the newest one.")
    return redirect(build_view_url(slug, view.page, asked))


def build_view_url(slug: str, page: str, asked: QueryDict) -> str:
    """The address that a view stands for."""
    if page == SavedView.Page.FINDINGS:
        base = reverse("exploration:findings", args=[slug, asked.pop("finding")[0]])
    elif page == SavedView.Page.PROFILE:
        version = asked.pop("version", None)
        base = reverse("exploration:version-profile", args=[slug, version[0]]) if version else ""
        base = base or reverse("exploration:overview", args=[slug])
    else:
        base = reverse("embeddings:map" if page == SavedView.Page.MAP else "datasets:items", args=[slug])
    return f"{base}?{asked.urlencode()}" if asked else base


@login_required
@require_POST
def delete_view(request, slug, view_id):
    project = get_project(request.user, slug, role="reviewer")
    services.delete_view(project=project, user=request.user, view=selectors.get_view(project, view_id))
    return redirect("exploration:views", slug=slug)


@login_required
@require_POST
def change_tags(request, slug, item_id):
    """Put a tag on one item, or take one off."""
    project = get_project(request.user, slug, role="reviewer")
    item = get_item(project, item_id)
    action = "untag" if request.POST.get("remove") else "tag"
    tag = request.POST.get("remove") or request.POST.get("tag", "")
    try:
        services.act_on_items(project=project, user=request.user, action=action, item_ids=[item.pk], tag=tag)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(pick_next(request, reverse("datasets:item", args=[slug, item_id])))
