"""Looking at items: the gallery or table with its filters, and the page of one item."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lifecycle.annotations.final_selectors import find_final
from lifecycle.annotations.models import Annotation
from lifecycle.annotations.selectors import find_schema, list_annotations, read_given_names
from lifecycle.datasets import selectors
from lifecycle.datasets.filters import ItemFilters
from lifecycle.exploration import selectors as exploration
from lifecycle.exploration.selectors import Scope
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from lifecycle.sources.selectors import list_item_changes
from webapp.files import respond_file, respond_picture, respond_sound
from webapp.pages.annotations.answer_view import build_view
from webapp.pages.datasets.chips import describe_filters
from webapp.pages.datasets.drawn import draw_labels
from webapp.pages.datasets.facets import recall_facets
from webapp.pages.datasets.tables import choose_columns
from webapp.pages.exploration.acts import do_act, read_ids, read_query, take_notice
from webapp.pages.exploration.targets import pick_next

SORTS = (("new", "Newest first"), ("old", "Oldest first"), ("label", "By label"), ("size", "Largest first"),
         ("-date", "Latest date first"), ("date", "Earliest date first"))  # fmt: skip
SHOWN_ANNOTATIONS = 20
SHOWN_CHANGES = 20
FORM_FIELDS = ("q", "label", "labeled", "split", "excluded", "sort", "tag")


@login_required
@require_GET
def list_items(request, slug):
    project = get_project(request.user, slug)
    dataset = selectors.get_dataset(project)
    filters = ItemFilters.from_query(request.GET)
    page = exploration.list_items(project, filters, at=request.GET.get("at", ""))
    facets = recall_facets(dataset)
    draw_labels(project, request.user, page.items)
    context = {
        "project": project,
        "section": "explore",
        "dataset": dataset,
        "filters": filters,
        "query": filters.to_query(),
        "page": page,
        "facets": facets,
        "tally": _tally(project, filters, facets, page),
        "columns": choose_columns(dataset, filters) if dataset.item_kind == "row" else [],
        "chips": describe_filters(project, filters),
        "hidden": list_hidden(filters),
        "views": exploration.list_views(project, "items"),
        "view_page": "items",
        "tags": exploration.list_tags(project),
        "item_tags": exploration.list_tags_of_items(page.items),
        "may_save": is_allowed(project.role, "reviewer"),
        "sorts": SORTS,
        "may_edit": is_allowed(project.role, "engineer"),
        "notice": take_notice(request, project),
        "here": request.get_full_path(),
    }
    return render(request, "datasets/items.html", context)


@login_required
@require_POST
def change_items(request, slug):
    """Send the chosen items, or all that match the filters, somewhere; then go back to where they were chosen."""
    project = get_project(request.user, slug, role="engineer")
    is_all = request.POST.get("scope") == "all"
    do_act(request, project, Scope(query=read_query(request.POST)) if is_all else Scope(items=read_ids(request)))
    return redirect(pick_next(request, reverse("datasets:items", args=[slug])))


@login_required
@require_GET
def show_item(request, slug, item_id):
    project = get_project(request.user, slug)
    item = selectors.get_item(project, item_id)
    filters = ItemFilters.from_query(request.GET)
    previous, following = exploration.find_neighbors(project, item, filters)
    may_review = is_allowed(project.role, "reviewer")
    annotations = list_annotations(project, request.user, role=project.role).filter(item=item)
    annotations = annotations.exclude(kind=Annotation.Kind.CONSENSUS)  # it is the final label, which has a card
    context = {
        "project": project,
        "section": "explore",
        "item": item,
        "filters": filters,
        "query": filters.to_query(),
        "previous": previous,
        "following": following,
        "annotations": annotations.select_related("user").order_by("-pk")[:SHOWN_ANNOTATIONS],
        "may_review": may_review,
        "versions": selectors.list_versions_of_item(project, item),
        "may_edit": is_allowed(project.role, "engineer"),
        "may_tag": is_allowed(project.role, "reviewer"),
        "tags": exploration.list_item_tags(item),
        "notice": take_notice(request, project),
        "here": request.get_full_path(),
        "time_changes": item.event_time_changes.all()[:SHOWN_CHANGES],
        "row_changes": list_item_changes(item)[:SHOWN_CHANGES],
    }
    shown = _show_final(project, item)
    drawn = {} if "view" in shown else _draw_label(project, item, annotations)
    return render(request, "datasets/item.html", context | shown | drawn)


@login_required
@require_GET
def show_picture(request, slug, item_id, size):
    """The item's picture as WebP, made once and kept by the browser."""
    project = get_project(request.user, slug)
    return respond_picture(request, selectors.get_item(project, item_id), size)


@login_required
@require_GET
def play_sound(request, slug, item_id):
    """The sound of a row, for a player."""
    return respond_sound(request, selectors.get_item(get_project(request.user, slug), item_id))


@login_required
@require_GET
def download_file(request, slug, item_id):
    """The file as it was uploaded."""
    return respond_file(selectors.get_item(get_project(request.user, slug), item_id))


def _show_final(project, item) -> dict[str, Any]:
    """The final label out of several answers, drawn, with who said what."""
    found = find_final(project, item)
    if found is None:
        return {}
    shown: dict[str, Any] = {"final": found}
    if found.final.annotation and found.parts:
        schema = find_schema(project)
        names = read_given_names(project, schema)
        view = build_view(found.final.annotation, list(schema.classes) if schema else [], names)
        shown |= {
            "names": names,
            "answer": found.final.annotation,
            "view": view,
            "masks": [asdict(mask) for mask in view.masks],
        }
    return shown


def _draw_label(project, item, annotations) -> dict[str, Any]:
    """The answer that the item's label comes from, where it marks something in the picture or the text."""
    answer = annotations.filter(pk=item.label_annotation_id).first() if item.label_annotation_id else None
    if answer is None or item.row:
        return {}
    answer.item = item
    schema = find_schema(project)
    view = build_view(answer, list(schema.classes) if schema else [], read_given_names(project, schema))
    if not (view.shapes or view.masks or any(part.label for part in view.stretches)):
        return {}
    return {"answer": answer, "view": view, "masks": [asdict(mask) for mask in view.masks], "is_drawn": True}


def _tally(project, filters: ItemFilters, facets: selectors.Facets, page: selectors.ItemPage) -> selectors.Tally:
    if not filters.is_narrowed:
        return selectors.Tally(facets.total)
    if not page.next_at and not page.previous_at:
        return selectors.Tally(len(page.items))
    return exploration.count_items(project, filters)


def list_hidden(filters: ItemFilters) -> list[tuple[str, str]]:
    """(name, value) of the filters that the form has no field for, so that they stay when it is sent."""
    return [(name, value) for name, value in parse_qsl(filters.to_query()) if name not in FORM_FIELDS]
