"""Where to go after a form that can stand on several pages."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme


def pick_next(request, fallback: str) -> str:
    """The page the form came from, where it is one of ours."""
    target = request.POST.get("next", "")
    return target if target and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else fallback
