"""Headers and expected errors, in one place for every page."""

from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from lifecycle.common.errors import DomainError

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


class ContentSecurityPolicy:
    """No inline script and no request to another host, whatever a page contains."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response


class DomainErrors:
    """An expected error that a view did not turn into a form message becomes a page with its sentence."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, DomainError):
            return None
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"title": exception.message, "code": exception.code}, status=exception.status)
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
        pages = (reverse("accounts:password-change"), reverse("accounts:logout"))
        return path in pages or path.startswith(("/static/", "/api/", "/healthz", "/metrics"))
