"""The explore stage: what is in the dataset as pictures, what is worth a look, and where to go from there."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.annotations.class_twins import list_class_twins
from lifecycle.annotations.selectors import find_schema, read_interface
from lifecycle.common.errors import DomainError
from lifecycle.contracts.profile import ROW_TOLERANCE
from lifecycle.datasets.filters import read_number
from lifecycle.datasets.selectors import get_dataset, get_version, list_collections
from lifecycle.exploration import selectors, services
from lifecycle.exploration.view_queries import COLUMN_KINDS, COLUMN_ORDERS, clean_query
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.charts import exploration as charts
from webapp.pages.exploration.acts import take_notice
from webapp.pages.exploration.columns import choose_columns, describe_columns

RUNNING = ("queued", "running")


@login_required
@require_GET
def show(request, slug):
    project = get_project(request.user, slug)
    dataset = get_dataset(project)
    context = _describe_live(project, dataset) | _describe_profile(request, project, dataset, None)
    context["shown_views"] = selectors.list_views(project)[:8]
    context["tags"] = selectors.list_tags(project)
    context["map_url"] = _find_map(slug)
    context |= _find_class_twins(project, context.get("result"))
    context |= {"notice": take_notice(request, project), "here": request.get_full_path()}
    return render(request, "exploration/overview.html", context)


def _find_class_twins(project, result) -> dict:
    """Classes that are likely one, each group with what the schema page's form posts to merge it: every class under
    its new name."""
    schema = find_schema(project)
    main = read_interface(project, schema).main_control if schema else None
    if schema is None or main is None or main.nested:
        return {"class_twins": []}
    used = [name for name, _ in ((result or {}).get("classes") or {"balance": []})["balance"]]
    twins = list_class_twins(schema.classes, most_used=used)
    merges = [
        {"kept": kept, "others": others, "rows": [(name, kept if name in others else name) for name in schema.classes]}
        for kept, *others in twins
    ]
    return {"class_twins": merges, "schema_version": schema.version}


@login_required
@require_GET
def live(request, slug):
    """How far the jobs are, and the lists; refreshed until the jobs are done."""
    project = get_project(request.user, slug)
    context = _describe_live(project, get_dataset(project))
    response = render(request, "exploration/_live.html", context)
    if not context["is_working"] and request.GET.get("waited"):
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def refresh(request, slug):
    """Look at the items anew: the profile, the lists of findings, or both."""
    project = get_project(request.user, slug, role="engineer")
    dataset = get_dataset(project)
    what = request.POST.get("what", "both")
    try:
        if what != "findings":
            services.start_profile(dataset=dataset, user=request.user)
        if what != "profile":
            tolerance = _read_tolerance(request.POST.get("tolerance", ""))
            services.start_scan(dataset=dataset, user=request.user, row_tolerance=tolerance)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("exploration:overview", slug=slug)


@login_required
@require_http_methods(["GET", "POST"])
def show_version(request, slug, number):
    """The profile of a version; posting has it made."""
    project = get_project(request.user, slug, role="engineer" if request.method == "POST" else "viewer")
    dataset, version = get_dataset(project), get_version(project, number)
    if request.method == "POST":
        services.start_profile(dataset=dataset, user=request.user, version=version)
        return redirect("exploration:version-profile", slug=slug, number=number)
    job = selectors.find_job(project, "profile", {"dataset_id": dataset.pk, "version_id": version.pk})
    context = _describe_profile(request, project, dataset, version)
    context |= {"version": version, "job": job, "is_working": job is not None and job.state in RUNNING}
    context["may_edit"] = is_allowed(project.role, "engineer")
    return render(request, "exploration/version.html", context)


def _read_tolerance(text: str) -> float | None:
    """A percentage as a share; None where nothing is said."""
    if not text.strip():
        return None
    number = read_number(text)
    if number is None:
        raise DomainError("The tolerance is a number, in percent of a column's range.")
    return number / 100


def _describe_live(project, dataset) -> dict:
    profile_job = selectors.find_job(project, "profile", {"dataset_id": dataset.pk, "version_id": None})
    scan_job = selectors.find_job(project, "findings", {"dataset_id": dataset.pk})
    running = [job for job in (profile_job, scan_job) if job and job.state in RUNNING]
    failed = [job for job in (profile_job, scan_job) if job and job.state == "failed"]
    scan = selectors.find_scan(dataset)
    return {
        "project": project,
        "section": "explore",
        "dataset": dataset,
        "scan": scan,
        "lists": selectors.list_lists(scan, dataset),
        "tolerance": round((scan.row_tolerance if scan else ROW_TOLERANCE) * 100, 4),
        "running": running,
        "failed": failed,
        "is_working": bool(running),
        "scan_is_old": scan is not None and selectors.has_changed_since(dataset, scan.created_at),
        "has_items": dataset.items.exists(),
        "may_edit": is_allowed(project.role, "engineer"),
    }


def _describe_profile(request, project, dataset, version) -> dict:
    """The newest profile as figures and columns; `profile` is None before the first."""
    profile = selectors.find_profile(dataset, version)
    context = {"project": project, "section": "version" if version else "explore", "dataset": dataset}
    if profile is None:
        return context | {"profile": None}
    gallery = reverse("datasets:items", args=[project.slug]) + ("?excluded=all" if version else "")
    result = profile.result
    titles = dict(list_collections(project).values_list("pk", "title"))
    classes = result.get("classes")
    asked = request.GET.dict() | {"version": str(version.number) if version else ""}
    columns = describe_columns(result, gallery)
    names = (result["associations"] or {"names": []})["names"]
    return context | {
        "asked": asked,
        "kinds": [kind for kind in COLUMN_KINDS if any(column.kind == kind for column in columns)],
        "orders": COLUMN_ORDERS.items(),
        "views": selectors.list_views(project, "profile"),
        "view_page": "profile",
        "query": clean_query("profile", urlencode(asked)),
        "here": request.get_full_path(),
        "may_save": is_allowed(project.role, "reviewer"),
        "profile": profile,
        "result": result,
        "gallery": gallery,
        "lead_in": gallery + ("&" if "?" in gallery else "?"),
        "balance": charts.draw_balance(classes, gallery) if classes else None,
        "together": charts.draw_together(classes["together"]) if classes else None,
        "time": charts.draw_time(result["time"], gallery, classes),
        "is_dated": (result["time"] or {}).get("of") == "event_time",
        "undated": (result["time"] or {}).get("without", 0),
        "sources": charts.draw_sources(result["sources"], titles, gallery, classes),
        "associations": charts.draw_associations(result["associations"]),
        "associated": len(names),
        "associable": (result["associations"] or {}).get("usable", len(names)),
        "associations_height": min(760, 140 + 34 * len(names)),
        "columns": choose_columns(columns, asked),
        "has_columns": bool(columns),
        "shown_classes": _list_colors(classes),
        "is_old": version is None and selectors.has_changed_since(dataset, profile.created_at),
    }


def _list_colors(classes) -> list[str]:
    """The classes by which the bars of columns are colored: none where items have several."""
    return [label for label, _ in classes["balance"][:6]] if classes and not classes.get("several") else []


def _find_map(slug: str) -> str:
    try:
        return reverse("embeddings:map", args=[slug])
    except NoReverseMatch:
        return ""
