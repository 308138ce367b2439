"""What a person just did to many items, said once on the next page with a button that takes it back."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from lifecycle.common.errors import DomainError
from lifecycle.exploration import services
from lifecycle.exploration.services import Undo
from lifecycle.projects.models import Project
from lifecycle.projects.selectors import get_project
from webapp.pages.datasets.facets import forget_facets
from webapp.pages.exploration.targets import pick_next

KEY = "undo"


def say_done(request, project: Project, text: str, way_back: Undo | None) -> None:
    """A notice; with a button where there is a way back."""
    if way_back is None:
        messages.success(request, text)
    else:
        request.session[KEY] = {"project": project.pk, "text": text, **asdict(way_back)}


def take_notice(request, project: Project) -> dict | None:
    """What `say_done` left for this project, once."""
    if request.session.get(KEY, {}).get("project") != project.pk:
        return None
    return request.session.pop(KEY)


@login_required
@require_POST
def take_back(request, slug):
    project = get_project(request.user, slug, role="engineer")
    selection = request.POST.get("selection", "")
    wanted = Undo(
        action=request.POST.get("action", ""),
        selection_id=int(selection) if selection.isascii() and selection.isdigit() and len(selection) < 19 else 0,
        kind=request.POST.get("kind", ""),
        tag=request.POST.get("tag", ""),
    )
    try:
        count = services.undo(project=project, user=request.user, wanted=wanted)
        forget_facets(project)
        messages.success(request, f"Taken back for {count:,} item{'' if count == 1 else 's'}.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(pick_next(request, reverse("exploration:overview", args=[slug])))
