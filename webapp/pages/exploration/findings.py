"""One list of items worth a look, and what to do with them: all, or those that are chosen."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.profile import FindingKind
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.selectors import get_dataset
from lifecycle.exploration import rules, selectors, services
from lifecycle.exploration.models import Scan
from lifecycle.exploration.view_queries import MAX_QUERY_CHARS
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.datasets.facets import forget_facets, recall_facets
from webapp.pages.exploration.targets import pick_next
from webapp.pages.exploration.undo import say_done, take_notice

PAGE_SIZE = 40
DONE = {
    "label": "Sent to labelling:",
    "exclude": "Excluded",
    "restore": "Restored",
    "keep": "Will not show again:",
    "unkeep": "Shows again:",
    "tag": "Tagged",
    "untag": "Took the tag off",
}


@login_required
@require_GET
def show(request, slug, finding):
    project = get_project(request.user, slug)
    kind, dataset = _read_kind(finding), get_dataset(project)
    filters = replace(ItemFilters.from_query(request.GET), finding="", sort="new", excluded="no")
    scan = selectors.find_scan(dataset)
    lists = selectors.list_lists(scan)
    page = None
    if scan is not None:
        page = Paginator(selectors.list_findings(scan, kind, filters), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "section": "explore",
        "dataset": dataset,
        "scan": scan,
        "lists": lists,
        "chosen": next(one for one in lists if one.kind == kind),
        "page": page,
        "filters": filters,
        "facets": recall_facets(dataset),
        "views": selectors.list_views(project, "findings"),
        "view_page": "findings",
        "query": replace(filters, finding=kind.value).to_query(),
        "may_save": is_allowed(project.role, "reviewer"),
        "kept": selectors.count_kept(project, kind),
        "columns": scan.columns if scan and kind == FindingKind.SPLIT_LEAKS else [],
        "tags": selectors.list_tags(project),
        "may_edit": is_allowed(project.role, "engineer"),
        "most": selectors.MAX_PICKED,
        "undo": take_notice(request, project),
        "here": request.get_full_path(),
    }
    return render(request, "exploration/findings.html", context)


@login_required
@require_POST
def act(request, slug, finding):
    """Send the chosen items, or all of the list, somewhere."""
    project = get_project(request.user, slug, role="engineer")
    kind = _read_kind(finding)
    scan = selectors.find_scan(get_dataset(project))
    try:
        if scan is None:
            raise NotFound("There is no list yet; search the items first.")
        ids = _pick(request, project, scan, kind)
        action = request.POST.get("action", "")
        tag = request.POST.get("tag", "")
        count, way_back = services.act_with_undo(
            project=project, user=request.user, action=action, item_ids=ids, kind=kind, tag=tag
        )
        forget_facets(project)
        say_done(request, project, f"{DONE[action]} {count:,} item{'' if count == 1 else 's'}.", way_back)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(pick_next(request, reverse("exploration:findings", args=[slug, finding])))


def _pick(request, project: Project, scan: Scan, kind: FindingKind) -> list[int]:
    """The chosen items, all of the list, or all that were kept out of it."""
    scope = request.POST.get("scope")
    if scope == "kept":
        return selectors.list_kept_ids(project, kind)
    if scope == "all":
        filters = ItemFilters.from_query(dict(parse_qsl(request.POST.get("query", "")[:MAX_QUERY_CHARS])))
        return selectors.pick_item_ids(scan, kind, filters)
    return read_ids(request)


def read_ids(request) -> list[int]:
    """The chosen items of a form."""
    return [int(text) for text in request.POST.getlist("items") if text.isascii() and text.isdigit() and len(text) < 19]


def _read_kind(finding: str) -> FindingKind:
    try:
        return rules.check_kind(finding.replace("-", "_"))
    except DomainError as error:
        raise NotFound(error.message) from None
