"""Pages of suggestions: where they come from, whether they are shown, and whether they help."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from lifecycle.annotations import assistance_rules as rules
from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.models import SuggestionSource
from lifecycle.annotations.selectors import find_schema
from lifecycle.annotations.services import backends, suggestions
from lifecycle.annotations.services.prediction_files import ENDINGS, import_file
from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Item
from lifecycle.pipelines import assistance
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from lifecycle.registry.selectors import list_project_versions
from webapp.charts.assistance import draw_seconds
from webapp.files import respond_file

KIND = SuggestionSource.Kind
COPY_BYTES = 1 << 20


class BackendForm(forms.Form):
    """Shape only; the service says what an address may be."""

    url = forms.CharField(max_length=2_000)
    title = forms.CharField(max_length=200, required=False)
    username = forms.CharField(max_length=200, required=False)
    password = forms.CharField(max_length=500, required=False, strip=False)
    train_every = forms.IntegerField(required=False, min_value=0)
    is_told = forms.BooleanField(required=False)
    is_interactive = forms.BooleanField(required=False)


@login_required
@require_safe
def overview(request, slug):
    """Every source with its state, what is shown now, and the forms for another source."""
    project = get_project(request.user, slug)
    return render(request, "pipelines/suggestions.html", _describe(project))


@login_required
@require_POST
def add_model(request, slug):
    project = get_project(request.user, slug, role="engineer")
    wanted = request.POST.get("version", "")
    version = list_project_versions(project).filter(pk=int(wanted) if wanted.isdecimal() else 0).first()
    if version is None:
        return _refuse(request, project, "Choose one of the registered model versions.")
    try:
        assistance.add_model(project=project, user=request.user, version=version)
    except DomainError as refused:
        return _refuse(request, project, refused.message)
    messages.success(request, f"{version} is asked about every open task.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_POST
def add_file(request, slug):
    project = get_project(request.user, slug, role="engineer")
    posted = request.FILES.get("file")
    if posted is None:
        return _refuse(request, project, "Choose a file of predictions first.")
    try:
        with on_disk(posted) as path:
            import_file(
                project=project,
                actor=request.user,
                path=path,
                file_name=posted.name,
                title=request.POST.get("title", ""),
            )
    except DomainError as refused:
        return _refuse(request, project, refused.message)
    messages.success(request, "The file is being read.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_POST
def add_backend(request, slug):
    project = get_project(request.user, slug, role="engineer")
    form = BackendForm(request.POST)
    try:
        if not form.is_valid():
            raise DomainError("Give the address of the backend, and a whole number of labels.")
        wanted = form.cleaned_data | {"train_every": form.cleaned_data["train_every"] or 0}
        backends.add_backend(project=project, actor=request.user, **wanted)
    except DomainError as refused:
        return _refuse(request, project, refused.message)
    messages.success(request, "The backend is asked about every open task.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_POST
def change_backend(request, slug, maker_id):
    """What a backend hears of, and when it is asked: a box that is not ticked is off."""
    project = get_project(request.user, slug, role="engineer")
    source = selectors.get_backend(project, maker_id)
    wanted = {name: name in request.POST for name in ("is_told", "is_interactive")}
    try:
        backends.change_backend(source=source, actor=request.user, changes=wanted)
    except DomainError as refused:
        return _refuse(request, project, refused.message)
    messages.success(request, "Saved.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_POST
def ask(request, slug, maker_id):
    """Ask a model or a backend again; a backend also to train."""
    project = get_project(request.user, slug, role="engineer")
    source = selectors.get_source(project, maker_id)
    try:
        ask_again(source, request.user, request.POST.get("action", "predict"))
    except DomainError as refused:
        return _refuse(request, project, refused.message)
    messages.success(request, f"{source.title} is asked.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_POST
def adopt(request, slug):
    """Let what programs sent through the Label Studio door be shown."""
    project = get_project(request.user, slug, role="engineer")
    suggestions.adopt_clients(project=project, actor=request.user)
    messages.success(request, "Predictions of Label Studio clients can be shown now.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_POST
def delete(request, slug, maker_id):
    project = get_project(request.user, slug, role="engineer")
    suggestions.delete_source(source=selectors.get_source(project, maker_id), actor=request.user)
    messages.success(request, "The source is deleted with what it suggested.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_POST
def change(request, slug):
    """Whose suggestions are shown, to which share of the tasks not, and whether at all."""
    project = get_project(request.user, slug, role="engineer")
    maker, share = request.POST.get("source", ""), request.POST.get("hidden_percent", "")
    try:
        source = selectors.get_source(project, int(maker)) if maker.isdecimal() else None
        if share and not share.isdecimal():
            raise DomainError("The share without suggestions is a whole number of percent.")
        suggestions.change_assistance(
            project=project,
            actor=request.user,
            source=source,
            is_on={"on": True, "off": False}.get(request.POST.get("state", "")),
            hidden_share=int(share) / 100 if share else None,
        )
    except DomainError as refused:
        return _refuse(request, project, refused.message)
    messages.success(request, "Saved.")
    return redirect("pipelines:suggestions", slug)


@login_required
@require_safe
def report(request, slug):
    """Do suggestions help? The two arms, by annotator and over time, with confidence intervals."""
    project = get_project(request.user, slug, role="reviewer")
    settings = selectors.find_assistance(project)
    context = {"project": project, "section": "label", "settings": settings, "rules": rules}
    if settings is not None:
        days = selectors.report_days(project, settings)
        context |= {
            "report": selectors.report(project, settings),
            "people": selectors.report_people(project, settings),
            "chart": draw_seconds(days) if len(days) > 1 else None,
        }
    return render(request, "pipelines/suggestion_report.html", context)


@require_safe
def picture(request, picture_name):
    """A task's picture for an ML backend, under a signed name that is good for a day."""
    item_id = backends.read_picture_name(picture_name)
    item = Item.objects.filter(pk=item_id, excluded_at=None).first() if item_id else None
    if item is None:
        raise Http404
    return respond_file(item)


def ask_again(source: SuggestionSource, user, action: str) -> None:
    """Predict (or, for a backend, train) once more; DomainError for a file."""
    if source.kind == KIND.BACKEND:
        backends.ask(source=source, user=user, action=action)
    elif source.kind == KIND.MODEL and action == "predict":
        assistance.ask_model(source=source, user=user)
    else:
        raise DomainError("This source is not asked: import a new file, or wait for the next round.")


@contextmanager
def on_disk(posted) -> Iterator[Path]:
    """A posted file as a path, without holding it in memory."""
    with tempfile.NamedTemporaryFile(suffix=".predictions") as kept:
        for chunk in posted.chunks(COPY_BYTES):
            kept.write(chunk)
        kept.flush()
        yield Path(kept.name)


def _refuse(request, project, sentence: str):
    context = _describe(project) | {"error": sentence}
    return render(request, "pipelines/suggestions.html", context, status=400)


def _describe(project) -> dict:
    settings, sources = selectors.find_assistance(project), list(selectors.list_sources(project))
    is_plain = get_problem_type(project.problem_type).label_kind in assistance.SUGGESTED_KINDS
    return {
        "project": project,
        "section": "label",
        "settings": settings,
        "hidden_percent": round(100 * settings.hidden_share) if settings else None,
        "sources": sources,
        "is_working": any(source.job and source.job.state in ("queued", "running") for source in sources),
        "versions": list_project_versions(project)[:100] if is_plain else [],
        "is_plain": is_plain,
        "has_clients": selectors.has_client_suggestions(project),
        "has_schema": find_schema(project) is not None,
        "endings": ",".join(ENDINGS),
        "can_edit": is_allowed(project.role, "engineer"),
        "can_review": is_allowed(project.role, "reviewer"),
    }
