"""What a person just did to items: said on the next page, with how far it is and a button that takes it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.exploration import rules, selectors, services
from lifecycle.exploration.models import ItemAct
from lifecycle.exploration.selectors import Scope
from lifecycle.exploration.view_queries import MAX_QUERY_CHARS
from lifecycle.jobs.selectors import ACTIVE
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.datasets.facets import forget_facets
from webapp.pages.exploration.targets import pick_next

KEY = "act"


def do_act(request, project: Project, scope: Scope, *, kind: str = "") -> None:
    """Do what the form says with the items of the scope, and have the next page tell of it, or of what is wrong."""
    try:
        act = services.start_act(
            project=project,
            user=request.user,
            action=request.POST.get("action", ""),
            scope=scope,
            kind=kind,
            tag=request.POST.get("tag", ""),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return
    forget_facets(project)
    request.session[KEY] = {"project": project.pk, "act": act.pk}


def read_ids(request) -> list[int]:
    """The chosen items of a form."""
    return [int(text) for text in request.POST.getlist("items") if text.isascii() and text.isdigit() and len(text) < 19]


def read_query(post: QueryDict) -> str:
    """What the form says the page was filtered by."""
    return post.get("query", "")[:MAX_QUERY_CHARS]


def take_notice(request, project: Project) -> dict[str, Any] | None:
    """What `do_act` left for this project: until it is done, and once more then."""
    if request.session.get(KEY, {}).get("project") != project.pk:
        return None
    try:
        notice = describe_act(selectors.get_act(project, request.session[KEY]["act"]))
    except NotFound:
        notice = None
    if notice is None or not notice["is_working"]:
        del request.session[KEY]
    return notice


def describe_act(act: ItemAct) -> dict[str, Any]:
    """How far an act or its undoing is, what to say of it, and whether it can be taken back."""
    job = act.undo_job or act.job
    is_working = job is not None and job.state in ACTIVE
    is_broken = job is not None and job.state in ("failed", "canceled")
    said = rules.describe_act(act.action, act.changed, kind=act.kind, tag=act.tag)
    if act.undone_at is not None:
        text = f"Taken back: {said[0].lower()}{said[1:]}."
    else:
        text = f"{said}." if not is_broken or act.changed else "Nothing was changed."
    return {
        "act": act,
        "job": job,
        "is_working": is_working,
        "is_broken": is_broken,
        "text": text,
        "may_undo": bool(act.changed and not is_working and act.undo_job is None and act.undone_at is None),
    }


@login_required
@require_GET
def live(request, slug, act_id):
    """How far it is; once it is done, the browser loads the page anew, which then says what came of it."""
    project = get_project(request.user, slug)
    notice = describe_act(selectors.get_act(project, act_id))
    context = {"project": project, "notice": notice, "may_edit": is_allowed(project.role, "engineer")}
    response = render(request, "exploration/_act.html", context)
    if not notice["is_working"]:
        forget_facets(project)
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def undo(request, slug, act_id):
    project = get_project(request.user, slug, role="engineer")
    try:
        act = services.undo_act(act=selectors.get_act(project, act_id), user=request.user)
        forget_facets(project)
        request.session[KEY] = {"project": project.pk, "act": act.pk}
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(pick_next(request, reverse("exploration:overview", args=[slug])))
