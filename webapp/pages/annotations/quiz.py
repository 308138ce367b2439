"""The quiz that comes before labelling: questions from gold items, and how it went."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from lifecycle.annotations import selectors
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services import quiz as service
from lifecycle.annotations.services.quiz_gate import is_wanted
from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.projects.selectors import get_project
from webapp.pages.annotations.guide import render_guide
from webapp.pages.annotations.shared import build_base
from webapp.pages.annotations.views import build_setup


@login_required
@require_http_methods(["GET", "POST"])
@ensure_csrf_cookie  # the labelling tool's scripts send the token in a header
def quiz(request, slug):
    """The questions beside the guide, or in the labelling tool; afterwards what was right, and the way on."""
    project = get_project(request.user, slug, role="annotator")
    error = ""
    if request.method == "POST":
        try:
            if "start" in request.POST:
                service.start(project=project, user=request.user)
            else:
                service.hand_in(
                    project=project,
                    user=request.user,
                    attempt_id=_read_id(request.POST.get("attempt", "")),
                    answers=_read_answers(request.POST),
                )
            return redirect("annotations:quiz", slug=slug)
        except DomainError as refused:
            error = refused.message
    attempt, last = service.find_open(project, request.user), service.find_newest(project, request.user)
    is_in_tool = service.is_in_tool(project)
    if is_in_tool and not error:
        shown = attempt if attempt and service.list_open(attempt) else last if "look" in request.GET else None
        if shown:
            return _render_tool(request, project, shown)
    guide, schema = selectors.find_guide(project), selectors.find_schema(project)
    attempt = None if is_in_tool else attempt
    context = build_base(project, "quiz") | {
        "error": error,
        "attempt": attempt,
        "questions": service.list_questions(attempt) if attempt else [],
        "last": last,
        "answered": service.list_told(last) if last and not attempt else [],
        "is_wanted": is_wanted(project, request.user, role=project.role),
        "is_in_tool": is_in_tool,
        "is_number": get_problem_type(project.problem_type).label_kind == LabelKind.NUMBER,
        "classes": schema.classes if schema else [],
        "guide_html": render_guide(guide.body, slug) if guide else "",
    }
    return render(request, "annotations/quiz.html", context, status=400 if error else 200)


def _render_tool(request, project, attempt):
    """The labelling tool with the questions of this attempt in place of the queue."""
    guide, schema = selectors.find_guide(project), selectors.find_schema(project)
    setup = build_setup(request.user, project, schema, guide, find_settings(project))
    context = build_base(project, "quiz") | {
        "can_answer": selectors.can_answer(project, schema),
        "progress": selectors.Progress(total=len(attempt.questions)),
        "guide_html": render_guide(guide.body, project.slug) if guide else "",
        "setup": setup | {"quiz": {"attempt": attempt.pk, "questions": len(attempt.questions)}},
    }
    return render(request, "annotations/label.html", context)


def _read_answers(posted) -> dict[int, str]:
    names = [name for name in posted if name.startswith("item-") and name[5:].isdecimal() and len(name) < 24]
    return {int(name[5:]): posted[name][:200] for name in names}


def _read_id(given: str) -> int:
    return int(given) if given.isdecimal() and len(given) <= 18 else 0
