"""One item without others' labels, for people who label: what the guide, the quiz and their own answers point at."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from lifecycle.annotations.item_selectors import get_item, list_own_answers
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.files import respond_picture, respond_sound
from webapp.pages.annotations.shared import build_base


@login_required
@require_GET
def item(request, slug, item_id):
    """The item and what the caller said about it; who may see all labels is led to the item's own page."""
    project = get_project(request.user, slug, role="member")
    shown = get_item(project, request.user, item_id, role=project.role)
    if is_allowed(project.role, "viewer"):
        return redirect("datasets:item", slug=slug, item_id=item_id)
    context = build_base(project, "item") | {"item": shown, "answers": list_own_answers(shown, request.user)}
    return render(request, "annotations/item.html", context)


@login_required
@require_GET
def item_picture(request, slug, item_id, size):
    """The picture of such an item, in one of the sizes there are."""
    project = get_project(request.user, slug, role="member")
    shown = get_item(project, request.user, item_id, role=project.role)
    return respond_picture(request, shown, size)


@login_required
@require_GET
def item_sound(request, slug, item_id):
    """The sound of such an item."""
    project = get_project(request.user, slug, role="member")
    return respond_sound(request, get_item(project, request.user, item_id, role=project.role))
