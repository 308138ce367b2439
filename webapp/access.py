"""The one table of every URL and method with the least role it asks for, assembled from each room's urls.py.

Values: "anonymous", "user" (logged in), "admin" (site admin), or what projects.rules.is_allowed asks of a role in the
project of the URL: the least role, or "member" for all of them. Whatever shows items or labels asks for "viewer",
which an annotator is not.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured

SITE_ROLES = ("anonymous", "user", "admin")
SITE_ACCESS = {
    "healthz": {"GET": "anonymous"},
    "metrics": {"GET": "anonymous"},
    "favicon": {"GET": "anonymous"},
    "labelling-worker": {"GET": "anonymous"},
    "api-schema": {"GET": "anonymous"},
    "api-reference": {"GET": "anonymous"},
}
SAFE_ALIASES = {"HEAD": "GET", "OPTIONS": "GET"}


@cache
def load_roles() -> dict[str, dict[str, str]]:
    """{view name with namespace: {method: role}} of the whole site. Imports urls lazily: they import the views."""
    from webapp.urls import PROTOCOLS, ROOMS

    table = dict(SITE_ACCESS)
    for kind, prefix in (("pages", ""), ("api", "api-")):
        for room in ROOMS:
            module = import_module(f"webapp.{kind}.{room}.urls")
            table |= {f"{prefix}{room}:{name}": methods for name, methods in getattr(module, "ACCESS", {}).items()}
    for name, place in PROTOCOLS.items():
        module = import_module(f"webapp.protocols.{name}.urls")
        table |= {f"{place}:{view}": methods for view, methods in module.ACCESS.items()}
    return table


def find_role(view_name: str, method: str) -> str | None:
    """The least role for a request; None when the URL does not know the method.

    Raises ImproperlyConfigured for a URL that is not in the table: nothing is open by being forgotten.
    """
    methods = load_roles().get(view_name)
    if methods is None:
        raise ImproperlyConfigured(f"{view_name} is not in ACCESS of its urls.py")
    if method == "OPTIONS" and "GET" not in methods:
        return next(iter(methods.values()))
    return methods.get(SAFE_ALIASES.get(method, method))
