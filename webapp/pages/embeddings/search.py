"""Looking for items by meaning: a sentence for texts, a picture for pictures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from lifecycle.common.errors import DomainError
from lifecycle.datasets import selectors as datasets
from lifecycle.embeddings import selectors, services
from lifecycle.embeddings.services import ACTIVE
from lifecycle.exploration.selectors import list_tags
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.exploration.acts import take_notice

SHOWN = 48


@login_required
@require_http_methods(["GET", "POST"])
def start(request, slug):
    """The empty form; posting it has the query encoded and leads to what it finds."""
    project = get_project(request.user, slug)
    if request.method == "POST":
        try:
            found = _search(request, project)
            return redirect("embeddings:found", slug=project.slug, search_id=found.pk)
        except DomainError as error:
            messages.error(request, error.message)
            return redirect("embeddings:search", slug=project.slug)
    return render(request, "embeddings/search.html", _describe_form(project))


@login_required
@require_GET
def show(request, slug, search_id):
    project = get_project(request.user, slug)
    context = _describe_form(project) | _describe_found(project, search_id) | {"notice": take_notice(request, project)}
    return render(request, "embeddings/search.html", context)


@login_required
@require_GET
def live(request, slug, search_id):
    """The results, refreshed until the query is encoded."""
    project = get_project(request.user, slug)
    return render(request, "embeddings/_found.html", {"project": project} | _describe_found(project, search_id))


def _search(request, project: Project):
    how = {
        "dataset": datasets.get_dataset(project),
        "encoder": selectors.find_query_encoder(project),
        "user": request.user,
    }
    picture = request.FILES.get("picture")
    if picture is not None:
        content = picture.read(services.MAX_PICTURE_BYTES + 1)
        return services.search_picture(**how, content=content)
    return services.search_text(**how, text=request.POST.get("q", ""))


def _describe_form(project: Project) -> dict[str, Any]:
    return {
        "project": project,
        "section": "map",
        "dataset": datasets.get_dataset(project),
        "encoder": selectors.find_query_encoder(project),
        "may_edit": is_allowed(project.role, "engineer"),
    }


def _describe_found(project: Project, search_id: int) -> dict[str, Any]:
    search = selectors.get_search(project, search_id)
    is_working = search.embedding is None and search.job is not None and search.job.state in ACTIVE
    return {
        "search": search,
        "is_working": is_working,
        "neighbors": selectors.list_like_search(search, limit=SHOWN),
        "may_edit": is_allowed(project.role, "engineer"),
        "tags": list_tags(project),
        "here": reverse("embeddings:found", args=[project.slug, search_id]),
    }
