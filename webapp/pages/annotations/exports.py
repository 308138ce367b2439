"""Labels out: every layout that fits the project's schema, written by a job and kept."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.annotations import exports, selectors
from lifecycle.annotations.external_counts import count_project_tasks
from lifecycle.annotations.grid_selectors import has_grid
from lifecycle.annotations.services import external_exports, label_imports
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.label_exports import WITH_PICTURES
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.files import respond_label_export

WAITING = ("queued", "running")


class ExportForm(forms.Form):
    """Shape only; the service says whether the layout fits."""

    layout = forms.CharField(max_length=40)
    with_pictures = forms.BooleanField(required=False)
    only_annotated = forms.BooleanField(required=False)
    only_final = forms.BooleanField(required=False)


class ImportForm(forms.Form):
    file = forms.FileField()
    layout = forms.CharField(max_length=40, required=False)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def label_exports(request, slug):
    """The layouts that fit, and what was exported before."""
    project = get_project(request.user, slug, role="reviewer")
    error = ""
    if request.method == "POST":
        form = ExportForm(request.POST)
        if not form.is_valid():
            error = "Choose a layout first."
        else:
            asked = form.cleaned_data
            layout = asked["layout"] + (WITH_PICTURES if asked["with_pictures"] else "")
            try:
                external_exports.start_export(
                    project=project, user=request.user, layout=layout, only_annotated=asked["only_annotated"],
                    only_final=asked["only_final"],
                )  # fmt: skip
            except DomainError as refused:
                error = refused.message
            else:
                messages.success(request, "The export is being written. Its file appears in the list below.")
                return redirect("annotations:label-exports", slug=slug)
    context = _describe(project) | {
        "project": project,
        "section": "label",
        "error": error,
        "layouts": (layouts := exports.list_project_layouts(project)),
        "has_pictures": any(layout.may_hold_pictures for layout in layouts),
        "has_schema": selectors.find_schema(project) is not None,
        "has_grid": has_grid(project),
        "can_label": is_allowed(project.role, "annotator"),
        "can_edit": is_allowed(project.role, "engineer"),
        "counts": count_project_tasks(project),
        "imports": label_imports.list_imports(project),
    }
    return render(request, "annotations/exports.html", context, status=400 if error else 200)


@login_required
@require_safe
def label_exports_live(request, slug):
    """The list alone, while a job works on it."""
    project = get_project(request.user, slug, role="reviewer")
    return render(request, "annotations/_exports.html", _describe(project) | {"project": project})


@login_required
@require_POST
def label_import(request, slug):
    """Take the labels of a file as answers; a job reads it."""
    project = get_project(request.user, slug, role="engineer")
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, "Choose a file first.")
        return redirect("annotations:label-exports", slug=slug)
    file = form.cleaned_data["file"]
    try:
        job = label_imports.start_import(
            project=project, user=request.user, name=file.name, blob=label_imports.store_file(file),
            layout=form.cleaned_data["layout"],
        )  # fmt: skip
    except DomainError as refused:
        messages.error(request, refused.message)
        return redirect("annotations:label-exports", slug=slug)
    return redirect("jobs:detail", slug=slug, job_id=job.pk)


@login_required
@require_safe
def label_export_file(request, slug, label_export_id):
    return respond_label_export(_get(get_project(request.user, slug, role="reviewer"), label_export_id))


@login_required
@require_POST
def label_export_delete(request, slug, label_export_id):
    project = get_project(request.user, slug, role="engineer")
    external_exports.delete_export(export=_get(project, label_export_id))
    messages.success(request, "Deleted.")
    return redirect("annotations:label-exports", slug=slug)


def _get(project, export_id: int):
    found = exports.find_export(project, export_id)
    if found is None:
        raise NotFound("There is no such export.")
    return found


def _describe(project) -> dict:
    rows = exports.list_exports(project)
    return {
        "rows": [(exports.find_title(row.layout), row, (row.job.result or {}).get("notes") or [] if row.job else [])
                 for row in rows],
        "is_exporting": any(row.job and row.job.state in WAITING for row in rows),
        "may_delete": is_allowed(project.role, "engineer"),
    }  # fmt: skip
