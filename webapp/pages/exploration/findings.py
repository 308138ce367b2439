"""One list of items worth a look, and what to do with them: all, or those that are chosen."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.profile import FindingKind
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.selectors import get_dataset
from lifecycle.exploration import rules, selectors
from lifecycle.exploration.selectors import Scope
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.datasets.drawn import draw_labels
from webapp.pages.datasets.facets import recall_facets
from webapp.pages.exploration.acts import do_act, read_ids, read_query, take_notice
from webapp.pages.exploration.targets import pick_next

PAGE_SIZE = 40


@login_required
@require_GET
def show(request, slug, finding):
    project = get_project(request.user, slug)
    kind, dataset = _read_kind(finding), get_dataset(project)
    filters = replace(ItemFilters.from_query(request.GET), finding="", sort="new", excluded="no")
    scan = selectors.find_scan(dataset)
    lists, is_whole = selectors.list_lists(scan, dataset), request.GET.get("whole") == "yes"
    page = None
    if scan is not None:
        found = selectors.list_findings(scan, kind, filters, is_whole=is_whole)
        page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
        page.object_list = list(page.object_list)
        draw_labels(project, request.user, [item for one in page.object_list for item in (one.item, one.other)])
    context = {
        "project": project,
        "section": "explore",
        "dataset": dataset,
        "scan": scan,
        "lists": lists,
        "chosen": next((one for one in lists if one.kind == kind), None) or _refuse(kind),
        "page": page,
        "is_whole": is_whole,
        "below": selectors.count_below(scan, kind) if scan else 0,
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
        "notice": take_notice(request, project),
        "here": request.get_full_path(),
    }
    return render(request, "exploration/findings.html", context)


@login_required
@require_POST
def act(request, slug, finding):
    """Send the chosen items, all of the list, or all that were kept out of it, somewhere."""
    project = get_project(request.user, slug, role="engineer")
    kind = _read_kind(finding)
    scopes = {
        "kept": Scope(kept=kind.value),
        "all": Scope(finding=kind.value, query=read_query(request.POST), is_whole=request.POST.get("whole") == "yes"),
    }
    scope = scopes.get(request.POST.get("scope", "")) or Scope(items=read_ids(request))
    do_act(request, project, scope, kind=kind.value)
    return redirect(pick_next(request, reverse("exploration:findings", args=[slug, finding])))


def _refuse(kind: FindingKind):
    raise NotFound(f"Items of this project have no list “{rules.TITLES[kind]}”.")


def _read_kind(finding: str) -> FindingKind:
    try:
        return rules.check_kind(finding.replace("-", "_"))
    except DomainError as error:
        raise NotFound(error.message) from None
