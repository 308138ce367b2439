"""Looking at items: the gallery or table with its filters, and the page of one item."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from lifecycle.annotations.selectors import list_annotations
from lifecycle.annotations.services import request_labels
from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets import selectors, services
from lifecycle.datasets.filters import ItemFilters
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.files import respond_file, respond_picture
from webapp.pages.datasets.tables import choose_columns

SORTS = (("new", "Newest first"), ("old", "Oldest first"), ("label", "By label"), ("size", "Largest first"))
SHOWN_ANNOTATIONS = 20


@login_required
@require_GET
def list_items(request, slug):
    project = get_project(request.user, slug)
    dataset = selectors.get_dataset(project)
    filters = ItemFilters.from_query(request.GET)
    page = selectors.list_items(project, filters, at=request.GET.get("at", ""))
    facets = selectors.count_facets(dataset)
    context = {
        "project": project,
        "section": "explore",
        "dataset": dataset,
        "filters": filters,
        "query": filters.to_query(),
        "page": page,
        "facets": facets,
        "tally": _tally(project, filters, facets),
        "columns": choose_columns(dataset, filters) if dataset.item_kind == "row" else [],
        "chips": _describe_filters(project, filters),
        "sorts": SORTS,
        "is_class": get_problem_type(project.problem_type).label_kind == LabelKind.CLASS,
        "may_edit": is_allowed(project.role, "engineer"),
        "here": request.get_full_path(),
    }
    return render(request, "datasets/items.html", context)


_CHANGES = {
    "exclude": (lambda p, user, ids: services.exclude_items(project=p, user=user, item_ids=ids), "Excluded"),
    "restore": (lambda p, user, ids: services.restore_items(project=p, user=user, item_ids=ids), "Restored"),
    "label": (lambda p, user, ids: request_labels(project=p, actor=user, item_ids=ids), "Sent to labelling:"),
}


@login_required
@require_POST
def change_items(request, slug):
    """Exclude, restore or send to labelling the chosen items, then go back to where they were chosen."""
    project = get_project(request.user, slug, role="engineer")
    ids = [int(text) for text in request.POST.getlist("items") if text.isascii() and text.isdigit() and len(text) < 19]
    change, done = _CHANGES.get(request.POST.get("action", ""), _CHANGES["exclude"])
    try:
        count = change(project, request.user, ids)
        messages.success(request, f"{done} {count:,} item{'' if count == 1 else 's'}.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(_safe_next(request, reverse("datasets:items", args=[slug])))


@login_required
@require_GET
def show_item(request, slug, item_id):
    project = get_project(request.user, slug)
    item = selectors.get_item(project, item_id)
    filters = ItemFilters.from_query(request.GET)
    previous, following = selectors.find_neighbors(project, item, filters)
    may_review = is_allowed(project.role, "reviewer")
    annotations = list_annotations(project, request.user, role=project.role).filter(item=item)
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
        "here": request.get_full_path(),
    }
    return render(request, "datasets/item.html", context)


@login_required
@require_GET
def show_picture(request, slug, item_id, size):
    """The item's picture as WebP, made once and kept by the browser."""
    project = get_project(request.user, slug)
    return respond_picture(request, selectors.get_item(project, item_id), size)


@login_required
@require_GET
def download_file(request, slug, item_id):
    """The file as it was uploaded."""
    return respond_file(selectors.get_item(get_project(request.user, slug), item_id))


def _tally(project, filters: ItemFilters, facets: selectors.Facets) -> selectors.Tally:
    if not filters.is_narrowed:
        return selectors.Tally(facets.total)
    return selectors.count_items(project, filters)


def _describe_filters(project, filters: ItemFilters) -> list[tuple[str, str]]:
    """What is chosen, as (words, query without it)."""
    chips = []
    if filters.label:
        chips.append((f"label: {filters.label}", filters.to_query(label="")))
    if filters.labeled:
        chips.append(("labeled" if filters.labeled == "yes" else "unlabeled", filters.to_query(labeled="")))
    if filters.split:
        chips.append((f"split: {filters.split}", filters.to_query(split="")))
    if filters.group:
        chips.append((f"group: {filters.group}", filters.to_query(group="")))
    if filters.collection:
        found = selectors.list_collections(project).filter(pk=filters.collection).first()
        chips.append((f"import: {found.title if found else filters.collection}", filters.to_query(collection=0)))
    if filters.selection:
        found = selectors.list_selections(project).filter(pk=filters.selection).first()
        chips.append((f"selection: {found.title if found else filters.selection}", filters.to_query(selection=0)))
    if filters.excluded != "no":
        words = "excluded only" if filters.excluded == "yes" else "excluded too"
        chips.append((words, filters.to_query(excluded="no")))
    if filters.q:
        chips.append((f"“{filters.q}”", filters.to_query(q="")))
    for pair in filters.columns:
        rest = tuple(p for p in filters.columns if p != pair)
        chips.append((f"{pair[0]}: {pair[1]}", filters.to_query(columns=rest)))
    return chips


def _safe_next(request, fallback: str) -> str:
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if target and is_ours else fallback
