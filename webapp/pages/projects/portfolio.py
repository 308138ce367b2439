"""The list of a person's projects: where each stands, whether it is well, who is in it, what is due."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from lifecycle.contracts.problems import list_problem_types
from lifecycle.pipelines.portfolio import ORDER, SORTS, PortfolioFilters, list_portfolio
from lifecycle.projects.selectors import list_member_projects
from webapp.pages.projects.loop import LOOKS

PAGE_SIZE = 24


@login_required
@require_GET
def list_projects(request):
    """Filtered and sorted by the URL."""
    filters = read_filters(request.GET)
    cards = list_portfolio(request.user, filters)
    is_filtered = filters != PortfolioFilters(show=filters.show, sort=filters.sort)
    context = {
        "page": Paginator(cards, PAGE_SIZE).get_page(request.GET.get("page")),
        "filters": filters,
        "is_filtered": is_filtered,
        "problem_types": list_problem_types(),
        "stages": [(stage.value, LOOKS[stage.value]) for stage in ORDER],
        "sorts": [("activity", "Latest activity"), ("name", "Name"), ("created", "Newest")],
        "archived_count": list_member_projects(request.user, is_archived=True).count(),
    }
    return render(request, "projects/list.html", context)


def read_filters(query) -> PortfolioFilters:
    """The filters of a query string; what it does not know counts as not given."""
    stages = {stage.value for stage in ORDER}
    problem_types = {problem.key for problem in list_problem_types()}
    return PortfolioFilters(
        search=query.get("q", "").replace("\x00", "").strip()[:100],
        problem_type=_choose(query.get("type"), problem_types),
        stage=_choose(query.get("stage"), stages),
        health=_choose(query.get("health"), {"healthy", "attention"}),
        show=_choose(query.get("show"), {"archived"}) or "active",
        sort=_choose(query.get("sort"), set(SORTS)) or "activity",
    )


def _choose(value: str | None, known: set[str]) -> str:
    return value if value in known else ""


@login_required
@require_GET
def redirect_home(request):
    """``/projects/`` is the home page too."""
    return redirect("projects:list")
