"""Every URL of the web process, one include per room for pages and one for the API."""

from importlib import import_module

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from webapp import health, icon, worker
from webapp.api import reference

ROOMS = (
    "accounts",
    "projects",
    "jobs",
    "datasets",
    "sources",
    "crawls",
    "annotations",
    "experiments",
    "evaluations",
    "registry",
    "deployments",
    "monitoring",
    "embeddings",
    "exploration",
    "pipelines",
)
PROTOCOLS = {"label_studio": "label-studio"}  # other tools' APIs: module and address


def _include(kind: str, room: str, namespace: str):
    module = import_module(f"webapp.{kind}.{room}.urls")
    return include((module.urlpatterns, room), namespace=namespace)


# Patterns are tried one after another: what has a prefix of its own, and is called most, stands before the pages.
urlpatterns = [
    *(path("api/v1/", _include("api", room, f"api-{room}")) for room in ROOMS),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("favicon.ico", icon.favicon, name="favicon"),
    path("labelling-worker.js", worker.labelling_worker, name="labelling-worker"),
    *(path(f"{place}/", _include("protocols", module, place)) for module, place in PROTOCOLS.items()),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/", reference.show, name="api-reference"),
    *(path("", _include("pages", room, room)) for room in ROOMS),
]
handler404 = "webapp.errors.render_not_found"
handler500 = "webapp.errors.render_server_error"
handler403 = "webapp.errors.render_forbidden"
handler400 = "webapp.errors.render_bad_request"
