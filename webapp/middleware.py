"""Headers, numbers and expected errors, in one place for every page."""

from __future__ import annotations

import time

from django.db import DataError
from django.shortcuts import redirect, render
from django.urls import is_valid_path, reverse
from django.utils.cache import patch_cache_control
from prometheus_client import Histogram

from lifecycle.common.errors import DomainError
from webapp.api.errors import problem_response
from webapp.errors import DOOR_PATH, render_bad_request
from webapp.requests import wants_problem

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Plotly and Annotorious set styles from scripts
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECONDS = Histogram(
    "gristmill_http_request_seconds", "Time to answer, by view", ["view", "method", "status"], unit="seconds"
)


class RequestMetrics:
    """Counts and times every request by the name of its view: for /metrics, and for the caller (W3C Server Timing)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = match.view_name if match else "none"
        spent = time.perf_counter() - started
        SECONDS.labels(view, request.method, response.status_code).observe(spent)
        response.headers["Server-Timing"] = f"app;dur={1000 * spent:.1f}"
        return response


class ContentSecurityPolicy:
    """No inline script and no request to another host, whatever a page contains."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response


class PrivatePages:
    """What a logged-in person sees is not kept by a shared cache, and is asked for anew after logging out."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response


class DomainErrors:
    """An expected error that a view did not turn into a form message becomes a page with its sentence."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, DataError):  # a NUL byte or a number out of range in a URL or a form
            return render_bad_request(request)
        if not isinstance(exception, DomainError):
            return None
        if wants_problem(request):
            errors = [{"field": field, "detail": text} for field, text in exception.fields.items()]
            return problem_response(exception.status, exception.message, code=exception.code, errors=errors)
        return render(request, "errors/domain.html", {"error": exception}, status=exception.status)


class PasswordChangeRequired:
    """A generated password is good for one thing: choosing another."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        if user.is_authenticated and user.must_change_password and not self._is_allowed(request.path):
            return redirect("accounts:password-change")
        return self.get_response(request)

    def _is_allowed(self, path: str) -> bool:
        if path.startswith(
            ("/static/", "/api/", "/healthz", "/metrics", "/favicon.ico", "/labelling-worker.js")
        ):  # the API refuses by itself
            return True
        return path in (reverse("accounts:password-change"), reverse("accounts:logout"), reverse("accounts:theme"))


class DoorSlashes:
    """Scripts for Label Studio may leave out the slash at the end: a redirect would lose what they post."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        path = request.path_info
        is_short = path.startswith(DOOR_PATH) and not path.endswith("/") and not is_valid_path(path)
        if is_short and is_valid_path(f"{path}/"):
            request.path_info, request.path = f"{path}/", f"{request.path}/"
        return self.get_response(request)
