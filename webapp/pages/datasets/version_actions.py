"""What a person does with a version: name it, put it away, go back to it, take it elsewhere, read its card."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.contracts.exports import LAYOUTS
from lifecycle.datasets import selectors, services
from lifecycle.pipelines.card_history import start_card
from lifecycle.pipelines.datacards import find_data_card
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.files import respond_export
from webapp.pages.annotations.guide import render_guide


@login_required
@require_POST
def change_tags(request, slug, number):
    """Give the version a name, or take one away."""
    project = get_project(request.user, slug, role="engineer")
    version = selectors.get_version(project, number)
    gone = request.POST.get("remove", "")
    try:
        if gone:
            services.untag_version(project=project, user=request.user, name=gone)
        else:
            services.tag_version(version=version, user=request.user, name=request.POST.get("name", ""))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("datasets:version", slug=slug, number=number)


@login_required
@require_POST
def archive(request, slug, number):
    """Put the version away, or bring it back."""
    project = get_project(request.user, slug, role="engineer")
    version = selectors.get_version(project, number)
    is_archived = request.POST.get("archived") != "no"
    try:
        services.archive_version(version=version, user=request.user, is_archived=is_archived)
        messages.success(request, f"{version} is {'archived' if is_archived else 'back in the list'}.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("datasets:version", slug=slug, number=number)


@login_required
@require_POST
def restore(request, slug, number):
    """Make labels and exclusions what they were; a job does it."""
    project = get_project(request.user, slug, role="engineer")
    version = selectors.get_version(project, number)
    try:
        job = services.start_restore(version=version, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("datasets:version", slug=slug, number=number)
    messages.success(request, f"Labels and exclusions are going back to {version}. Commit when it is done.")
    return redirect("jobs:detail", slug, job.pk)


@login_required
@require_POST
def start_export(request, slug, number):
    """Have the version written in another layout."""
    project = get_project(request.user, slug)
    version = selectors.get_version(project, number)
    try:
        services.start_export(version=version, user=request.user, layout=request.POST.get("layout", ""))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(f"{request.path.rsplit('/', 1)[0]}#exports")


@login_required
@require_GET
def live_exports(request, slug, number):
    """The list of exports, refreshed until all are made."""
    project = get_project(request.user, slug)
    version = selectors.get_version(project, number)
    return render(request, "datasets/_exports.html", describe_exports(project, version))


@login_required
@require_GET
def download_export(request, slug, number, export_id):
    """The file of an export."""
    project = get_project(request.user, slug)
    version = selectors.get_version(project, number)
    return respond_export(request, selectors.get_export(project, version, export_id))


@login_required
@require_GET
def show_card(request, slug, number):
    """The data card as a page; while a worker still counts, how far it is."""
    project = get_project(request.user, slug)
    version = selectors.get_version(project, number)
    text = find_data_card(version)
    context = {"project": project, "section": "version", "version": version}
    if text is None:
        job = start_card(version)
        context |= {"job": job, "is_counting": job.state in ("queued", "running")}
    else:
        context["card_html"] = render_guide(text.split("---\n", 2)[-1])
    is_live = request.htmx and not request.htmx.boosted and text is None
    return render(request, "datasets/_card.html" if is_live else "datasets/card.html", context)


@login_required
@require_GET
def download_card(request, slug, number):
    """The data card as Markdown; to the page where a worker still counts."""
    project = get_project(request.user, slug)
    version = selectors.get_version(project, number)
    text = find_data_card(version)
    if text is None:
        return redirect("datasets:version-card", slug=slug, number=number)
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{project.slug}-v{version.number}-card.md"'
    return response


def describe_exports(project, version) -> dict:
    """What the part with the exports shows."""
    exports = list(selectors.list_exports(version)[:30])
    made = {export.layout for export in exports if export.blob}
    return {
        "project": project,
        "version": version,
        "exports": [(LAYOUTS[export.layout], export) for export in exports if export.layout in LAYOUTS],
        "layouts": [layout for layout in services.list_fitting_layouts(version) if layout.key not in made],
        "is_exporting": any(export.job and export.job.state in ("queued", "running") for export in exports),
        "may_edit": is_allowed(project.role, "engineer"),
    }
