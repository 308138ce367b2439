"""What a request says about itself, read with care: its client's address, where it wants to go next."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def client_address(request: HttpRequest) -> str:
    """The address of the client. Behind the HTTPS proxy it is what that proxy, the last one, wrote; else the peer's."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.ENV.secure else ""
    return (forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", ""))[:64]


def next_url(request: HttpRequest, default: str) -> str:
    """``next`` when it stays on this site, else the default (a URL or a URL name)."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else resolve_url(default)


def wants_problem(request: HttpRequest) -> bool:
    """Whether an error is for a program: problem JSON instead of a page."""
    accepted = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("json" in accepted and "text/html" not in accepted)
