"""What the item page and the map's hover ask for: items like this one, and a first look at one."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from lifecycle.datasets import selectors as datasets
from lifecycle.embeddings import selectors
from lifecycle.exploration.selectors import list_tags
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project

SHOWN = 12


@login_required
@require_GET
def show_like(request, slug, item_id):
    """The nearest items, for the item's page."""
    project = get_project(request.user, slug)
    item = datasets.get_item(project, item_id)
    encoder = selectors.find_encoder(project)
    neighbors = selectors.list_like_item(encoder, item, limit=SHOWN) if encoder else None
    context = {
        "project": project,
        "item": item,
        "encoder": encoder,
        "neighbors": neighbors,
        "may_edit": is_allowed(project.role, "engineer"),
        "tags": list_tags(project),
        "here": reverse("datasets:item", args=[slug, item_id]),
    }
    return render(request, "embeddings/_like.html", context)


@login_required
@require_GET
def peek(request, slug, item_id):
    """A small card of one item."""
    project = get_project(request.user, slug)
    return render(request, "embeddings/_peek.html", {"project": project, "item": datasets.get_item(project, item_id)})
