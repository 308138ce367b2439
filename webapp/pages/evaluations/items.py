"""Pages of the items behind an evaluation, alone and beside another one."""

from __future__ import annotations

import math

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lifecycle.common.errors import NotFound
from lifecycle.evaluations import comparison, selectors
from lifecycle.evaluations.rules import Outcome
from lifecycle.experiments import selectors as experiments
from lifecycle.projects.selectors import get_project
from webapp.pages.experiments.forms import read_number

PAGE_SIZE = 48
OUTCOME_TITLES = {
    Outcome.FIXED: "Fixed",
    Outcome.BROKE: "Broke",
    Outcome.BOTH_WRONG: "Both wrong",
    Outcome.BOTH_RIGHT: "Both right",
}
NUMBER_TITLES = {Outcome.FIXED: "Closer", Outcome.BROKE: "Further off", Outcome.BOTH_RIGHT: "As before"}


@login_required
@require_GET
def list_items(request, slug, evaluation_id):
    """The items of one confusion-matrix cell, one bar, or the whole evaluation, worst first."""
    project = get_project(request.user, slug)
    evaluation = selectors.get_evaluation(project, evaluation_id)
    filters = {
        "truth": request.GET.get("truth", "").replace("\x00", ""),
        "predicted": request.GET.get("predicted", "").replace("\x00", ""),
        "only": request.GET.get("only", ""),
        "sort": request.GET.get("sort", "worst"),
    }
    low, high = _read_float(request.GET.get("low")), _read_float(request.GET.get("high"))
    found = selectors.list_item_results(evaluation, **filters, low=low, high=high)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "section": "evaluations",
        "evaluation": evaluation,
        "run": evaluation.artifact.run,
        "page": page,
        "pairs": selectors.attach_items(page.object_list),
        "filters": filters,
        "low": low,
        "high": high,
        "classes": evaluation.details.get("confusion", {}).get("classes", []),
        "is_regression": "scatter" in evaluation.details,
        "sorts": [("worst", "Largest loss"), ("surest", "Surest"), ("newest", "Newest")],
    }
    return render(request, "evaluations/items.html", context)


@login_required
@require_GET
def compare(request, slug):
    """Two evaluations of the same items: what the second fixed and broke against the first."""
    project = get_project(request.user, slug)
    first, second = (_read_evaluation(project, request.GET.get(name)) for name in ("first", "second"))
    comparison.check_comparable(first, second)
    counts = comparison.count_outcomes(first, second)
    outcome = _read_outcome(request.GET.get("outcome"), counts)
    number = max(read_number(request.GET.get("page"), default=1) or 1, 1)
    page = Paginator(range(counts[outcome]), PAGE_SIZE).get_page(min(number, 10**6))
    offset = (page.number - 1) * PAGE_SIZE
    is_regression = "scatter" in first.details
    titles = NUMBER_TITLES if is_regression else OUTCOME_TITLES
    context = {
        "project": project,
        "section": "evaluations",
        "first": first,
        "second": second,
        "scores": selectors.compare_scores(project, second.metrics, first.metrics),
        "metric": experiments.get_key_metric(project),
        "outcomes": [(key.value, title, counts[key]) for key, title in titles.items()],
        "outcome": outcome.value,
        "net": counts[Outcome.FIXED] - counts[Outcome.BROKE],
        "compared": comparison.list_compared(first, second, outcome, limit=PAGE_SIZE, offset=offset),
        "page": page,
        "is_regression": is_regression,
    }
    return render(request, "evaluations/compare.html", context)


def _read_evaluation(project, raw: str | None):
    number = read_number(raw)
    if number is None:
        raise NotFound("Choose two evaluations to compare, as ?first=…&second=….")
    return selectors.get_evaluation(project, number)


def _read_outcome(raw: str | None, counts) -> Outcome:
    """What was asked for, else what a person wants to see first: what got worse, then what got better."""
    if raw in [outcome.value for outcome in Outcome]:
        return Outcome(raw)
    return next((o for o in (Outcome.BROKE, Outcome.FIXED) if counts[o]), Outcome.BOTH_WRONG)


def _read_float(raw: str | None) -> float | None:
    try:
        number = float(raw) if raw else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None
