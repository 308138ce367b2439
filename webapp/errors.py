"""What is answered with status 400, 403, 404 and 500: a page for people, problem JSON for programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from webapp.api.errors import problem_response
from webapp.requests import wants_problem

DOOR_PATH = "/label-studio/api/"
SENTENCES = {
    400: ("invalid", "The request could not be read."),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", "There is no such place, or you may not see it."),
    500: ("error", "Something broke on the server. It is logged; try again, and tell your admin if it stays."),
}


def render_bad_request(request, exception=None):
    return _render(request, 400)


def render_forbidden(request, exception=None):
    return _render(request, 403)


def render_not_found(request, exception=None):
    return _render(request, 404)


def render_server_error(request):
    return _render(request, 500)


def render_csrf_failure(request, reason=""):
    """A form that was open for longer than the session, or that another site sent."""
    sentence = "This form is too old or came from another page. Go back, reload, and send it again."
    if wants_problem(request):
        return problem_response(403, sentence, code="csrf")
    return render(request, "errors/403.html", {"sentence": sentence}, status=403)


def _answer_door(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    """For scripts written for Label Studio, which print whatever they get."""
    if status == 404:
        sentence = f"{request.method} {request.path[:200]} is not a call that Gristmill knows. {sentence}"
    return JsonResponse({"status_code": status, "detail": sentence, "exc_info": None}, status=status)


def _render(request: HttpRequest, status: int) -> HttpResponse:
    code, sentence = SENTENCES[status]
    if request.path.startswith(DOOR_PATH):
        return _answer_door(request, status, sentence)
    if wants_problem(request):
        return problem_response(status, sentence, code=code)
    return render(request, f"errors/{status}.html", {"sentence": sentence}, status=status)
