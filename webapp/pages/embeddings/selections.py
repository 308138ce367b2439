"""Items somebody chose on the map: kept under an address, shown, and sent somewhere."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.datasets import selectors as datasets
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.services import create_selection
from lifecycle.embeddings import selectors, services
from lifecycle.exploration import selectors as exploration
from lifecycle.exploration.selectors import Scope
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.exploration.acts import do_act

SHOWN = 24


@login_required
@require_POST
def select(request, slug):
    """Keep chosen items, or a cluster of a map, as a selection; without a script, open it in the gallery."""
    project = get_project(request.user, slug)
    try:
        if request.POST.get("cluster"):
            selection = services.select_cluster(
                drawn=selectors.get_map(project, _read_id(request.POST.get("map", ""))),
                number=_read_id(request.POST["cluster"]),
                user=request.user,
            )
        else:
            ids = [_read_id(text) for field in request.POST.getlist("items") for text in field.split(",")]
            title = request.POST.get("title", "")
            selection = create_selection(project=project, user=request.user, item_ids=ids, title=title)
    except DomainError as error:
        if not request.htmx:
            messages.error(request, error.message)
            return redirect("embeddings:map", slug=project.slug)
        return render(request, "embeddings/_selected.html", {"project": project, "problem": error.message})
    if not request.htmx:
        return HttpResponseRedirect(f"{reverse('datasets:items', args=[project.slug])}?selection={selection.pk}")
    return render(request, "embeddings/_selected.html", _describe(project, selection))


@login_required
@require_GET
def show(request, slug, selection_id):
    """The panel of one selection."""
    project = get_project(request.user, slug)
    selection = datasets.get_selection(project, selection_id)
    ids = ",".join(str(pk) for pk in datasets.list_selected_ids(project, selection.pk))  # for the points to light up
    return render(request, "embeddings/_selected.html", _describe(project, selection) | {"ids": ids})


@login_required
@require_POST
def change(request, slug, selection_id):
    """Send everything in a selection somewhere."""
    project = get_project(request.user, slug, role="engineer")
    selection = datasets.get_selection(project, selection_id)
    do_act(request, project, Scope(selection=selection.pk), kind=request.POST.get("kind", ""))
    return HttpResponseRedirect(f"{reverse('embeddings:map', args=[project.slug])}?selection={selection.pk}")


def _describe(project: Project, selection) -> dict:
    page = datasets.list_items(project, ItemFilters(selection=selection.pk, excluded="all"), size=SHOWN)
    return {
        "project": project,
        "selection": selection,
        "items": page.items,
        "more": selection.item_count - len(page.items),
        "query": ItemFilters(selection=selection.pk).to_query(),
        "may_edit": is_allowed(project.role, "engineer"),
        "lists": exploration.list_titles(datasets.get_dataset(project)),
        "tags": exploration.list_tags(project),
    }


def _read_id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
