"""Agreement and consensus: what was found, who mixes up what, and the settings that say how labels are looked after."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.annotations import final_selectors, people_selectors
from lifecycle.annotations.models import ConsensusRun, QualitySettings
from lifecycle.annotations.selectors import find_schema, read_interface
from lifecycle.annotations.services import agreement as agreement_service
from lifecycle.annotations.services import consensus as consensus_service
from lifecycle.annotations.services.quality import change_settings, find_settings
from lifecycle.common.errors import DomainError
from lifecycle.jobs.models import Job
from lifecycle.projects.selectors import get_project
from webapp.charts.agreement import build_bars, build_matrix, build_weeks
from webapp.pages.annotations.consensus_words import list_rules
from webapp.pages.annotations.quality_forms import QualityForm
from webapp.pages.annotations.shared import build_base, read_ids

PAGE_SIZE = 48
KIND_WORDS = {
    "nominal": "classes", "several": "several classes", "text": "texts", "ordinal": "ranks", "interval": "numbers",
    "spans": "spans", "regions": "regions", "relations": "relations",
}  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def overview(request, slug):
    """The newest comparison of answers; a POST has a worker compare them anew."""
    project = get_project(request.user, slug, role="reviewer")
    if request.method == "POST":
        agreement_service.start(project=project, user=request.user)
        return redirect("annotations:quality", slug=slug)
    return _render(request, project)


@login_required
@require_POST
def settings(request, slug):
    """How labels are looked after in this project."""
    project = get_project(request.user, slug, role="engineer")
    form = QualityForm(request.POST)
    if form.is_valid():
        try:
            change_settings(project=project, actor=request.user, **form.read())
        except DomainError as refused:
            form.show_refused(refused)
        else:
            messages.success(request, "Saved.")
            return redirect("annotations:quality", slug=slug)
    return _render(request, project, form=form, status=400)


@login_required
@require_POST
def consensus(request, slug):
    """Have a worker settle the labels."""
    project = get_project(request.user, slug, role="engineer")
    try:
        consensus_service.start(project=project, user=request.user)
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("annotations:quality", slug=slug)


@login_required
@require_GET
def items(request, slug):
    """The items behind one cell: somebody says `first`, somebody else `second`."""
    project = get_project(request.user, slug, role="reviewer")
    first, second = request.GET.get("first", ""), request.GET.get("second", "")
    people = {f"user_{name}": next(iter(read_ids([request.GET.get(name, "")])), None) for name in ("a", "b")}
    found = people_selectors.list_beside_each_other(project, first=first, second=second, **people)
    context = build_base(project, "quality") | {
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "first": first,
        "second": second,
    }
    return render(request, "annotations/quality_items.html", context)


def _render(request, project, *, form: QualityForm | None = None, status: int = 200):
    report = people_selectors.find_report(project)
    name, found = people_selectors.choose_control(report, request.GET.get("control", ""))
    people = {int(pk): who for pk, who in (report.result["people"] if report else {}).items()}
    current = find_settings(project)
    schema = find_schema(project)
    interface = read_interface(project, schema) if schema else None
    context = build_base(project, "quality") | {
        "report": report,
        "control": name,
        "controls": [(one, interface.call(one) if interface else one) for one in report.result["controls"]]
        if report
        else [],
        "found": found,
        "kind_words": KIND_WORDS.get(found.get("kind", ""), ""),
        "job": _find_job(project, "agreement"),
        "consensus_job": _find_job(project, "consensus"),
        "run": ConsensusRun.objects.filter(project=project, finished_at__isnull=False).first(),
        "has_consensus": interface is not None and interface.main_control is not None,
        "rules": [] if interface is None or consensus_service.has_one_class(interface) else list_rules(interface),
        "doubtful": final_selectors.list_doubtful(project),
        "current": current,
        "form": form or QualityForm(initial=QualityForm.write(current)),
        "methods": QualitySettings.Method.choices,
        "returns": QualitySettings.ReturnTo.choices,
        "people": people,
    }
    if found:
        context |= _build_figures(project, found, name, people, request.GET)
    return render(request, "annotations/quality.html", context, status=status)


def _build_figures(project, found: dict[str, Any], control: str, people: dict[int, str], given) -> dict[str, Any]:
    is_drawn = found["kind"] in ("spans", "regions", "relations")
    share = "f1" if is_drawn else "percent"
    names = {share: "F1" if is_drawn else "same answer"} | ({} if is_drawn else {"alpha": "alpha"})
    weeks = [week | {"monday": people_selectors.find_monday(week["week"]).isoformat()} for week in found["weeks"]]
    bars = [
        (people.get(row["user"], "?"), row["agreed"], _link("person", project, user_id=row["user"]))
        for row in found["people"]
        if row["agreed"] is not None
    ]
    pairs = [row | {"a_name": people.get(row["a"], "?"), "b_name": people.get(row["b"], "?")} for row in found["pairs"]]
    chosen = next((row for row in pairs if f"{row['a']}-{row['b']}" == given.get("pair")), None)
    figures: dict[str, Any] = {
        "weeks_figure": build_weeks(weeks, names),
        "people_figure": build_bars(bars, "agreement with the others"),
        "pairs": pairs,
        "pair": chosen,
        "pair_key": given.get("pair", ""),
    }
    if "confusion" in found:
        figures["cells_open"] = _has_links(found, control)
        figures["matrix_figure"] = _draw_matrix(project, found, control, chosen)
    return figures


def _draw_matrix(project, found: dict[str, Any], control: str, pair: dict[str, Any] | None) -> dict[str, Any]:
    classes, matrix = found["confusion"]["classes"], found["confusion"]["matrix"]
    first = second = "somebody"
    who: dict[str, Any] = {}
    if pair:
        matrix = [[0] * len(classes) for _ in classes]
        for x, y, count in pair.get("cells", []):
            matrix[x][y] = count
        first, second, who = pair["a_name"], pair["b_name"], {"a": pair["a"], "b": pair["b"]}

    def link(one: str, other: str) -> str:
        if not _has_links(found, control):
            return ""
        return _link("quality-items", project) + "?" + urlencode({"first": one, "second": other} | who)

    return build_matrix(classes, matrix, link, f"{first} says", f"{second} says" if pair else "somebody else says")


def _has_links(found: dict[str, Any], control: str) -> bool:
    """Items are found by what the project's own question was answered with."""
    return control == people_selectors.MAIN and found["kind"] in ("nominal", "several", "ordinal")


def _link(name: str, project, **where: Any) -> str:
    return reverse(f"annotations:{name}", kwargs={"slug": project.slug} | where)


def _find_job(project, kind: str) -> Job | None:
    """The job while it goes on, or where it failed."""
    job = Job.objects.filter(project=project, kind=kind).order_by("-pk").first()
    return job if job and job.state != Job.State.SUCCEEDED else None
