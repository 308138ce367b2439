"""What a run's page asks for while the run trains: its state, its curves, and the points that are new."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from lifecycle.common.errors import DomainError
from lifecycle.experiments import selectors
from lifecycle.experiments.curves import Curves, read_curves
from lifecycle.experiments.models import Run
from lifecycle.projects.selectors import get_project
from webapp.charts.training import Series, build_curve_figures, to_json_numbers
from webapp.pages.experiments.forms import read_number
from webapp.pages.experiments.views import build_run_context, is_active


@login_required
@require_GET
def live(request, slug, number):
    """The part of the run's page that refreshes itself until the run has ended and is evaluated."""
    project = get_project(request.user, slug)
    run = selectors.get_run(project, number)
    context = build_run_context(project, run)
    response = render(request, "experiments/_live.html", context)
    if request.GET.get("was") == "active" and not context["is_watched"]:
        response.headers["HX-Refresh"] = "true"  # the rest of the page has something to show now
    return response


@login_required
@require_GET
def curves(request, slug):
    """All curves of ``?run=1&run=2`` as Plotly figures, with the cursor to ask `metrics` from."""
    runs, found = _read(request, slug, since=None)
    figures = build_curve_figures(_to_series(runs, found))
    return JsonResponse({"figures": figures, **_describe(runs, found)})


@login_required
@require_GET
def metrics(request, slug):
    """Points of ``?run=1&run=2`` written after ``since=<cursor>``, at most 1,000 a curve."""
    runs, found = _read(request, slug, since=_parse_since(request.GET.get("since", "")))
    series = [
        {"run": s.run, "key": s.key, "steps": list(s.steps), "values": to_json_numbers(s.values)}
        for s in _to_series(runs, found)
    ]
    return JsonResponse({"series": series, **_describe(runs, found)})


def _read(request, slug, *, since: datetime | None) -> tuple[list[Run], Curves]:
    project = get_project(request.user, slug)
    numbers = [read_number(raw, default=0) or 0 for raw in request.GET.getlist("run")]
    runs = selectors.list_runs_by_number(project, numbers)
    return runs, read_curves([run.pk for run in runs], since=since)


def _parse_since(raw: str) -> datetime | None:
    try:
        parsed = parse_datetime(raw.replace(" ", "+"))
    except ValueError:
        parsed = None
    if raw and (parsed is None or parsed.tzinfo is None):
        raise DomainError("“since” must be a cursor that an earlier answer gave.", fields={"since": "Not a cursor."})
    return parsed


def _to_series(runs: list[Run], found: Curves) -> list[Series]:
    by_id = {run.pk: run for run in runs}
    series = [
        Series(by_id[c.run_id].number, str(by_id[c.run_id]), c.key, c.steps, c.values)
        for c in found.curves
        if c.run_id in by_id
    ]
    order = {run.number: position for position, run in enumerate(runs)}
    return sorted(series, key=lambda s: (order[s.run], s.key))


def _describe(runs: list[Run], found: Curves) -> dict:
    return {"cursor": found.cursor.isoformat(), "is_active": any(is_active(run) for run in runs)}
