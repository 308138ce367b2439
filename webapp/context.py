"""What every template knows besides its own context."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from lifecycle.annotations.comment_selectors import count_unread
from lifecycle.projects import selectors

THEMES = ("auto", "light", "dark")


@cache
def find_version() -> str:
    try:
        return version("gristmill")
    except PackageNotFoundError:
        return "0.1"


def site(request) -> dict:
    user = getattr(request, "user", None)
    theme = getattr(user, "theme", "") or request.COOKIES.get("theme", "")
    return {
        "serving_url": settings.SERVING_URL,
        "theme": theme if theme in THEMES else "auto",
        "gristmill_version": find_version(),
        "inbox_unread": SimpleLazyObject(lambda: count_unread(user) if user and user.is_authenticated else 0),
        "my_projects": SimpleLazyObject(lambda: selectors.list_switcher(user)),
    }
