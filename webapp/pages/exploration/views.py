"""Saved views of the gallery, and the tags of one item."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.datasets.selectors import get_item
from lifecycle.exploration import selectors, services
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.exploration.targets import pick_next


@login_required
@require_http_methods(["GET", "POST"])
def list_views(request, slug):
    """All saved views; posting saves the gallery's filters under a name."""
    project = get_project(request.user, slug, role="reviewer" if request.method == "POST" else "viewer")
    if request.method == "POST":
        try:
            name, query = request.POST.get("name", ""), request.POST.get("query", "")
            view = services.save_view(project=project, user=request.user, name=name, query=query)
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
    """The gallery as the view describes it."""
    project = get_project(request.user, slug)
    view = selectors.get_view(project, view_id)
    base = reverse("datasets:items", args=[slug])
    return redirect(f"{base}?{view.query}" if view.query else base)


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
