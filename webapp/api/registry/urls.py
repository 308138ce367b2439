"""REST endpoints of the registry room: URL to view."""

from django.urls import path

from webapp.api.registry import views

MODEL = "projects/<slug:slug>/models/<slug:name>"
VERSION = f"{MODEL}/versions/<int:number>"

urlpatterns = [
    path("projects/<slug:slug>/models/", views.ModelList.as_view(), name="models"),
    path(f"{MODEL}/", views.ModelDetail.as_view(), name="model"),
    path(f"{MODEL}/rollback/", views.ModelRollback.as_view(), name="model-rollback"),
    path("projects/<slug:slug>/model-versions/", views.VersionList.as_view(), name="versions"),
    path(f"{VERSION}/", views.VersionDetail.as_view(), name="version"),
    path(f"{VERSION}/download/", views.VersionDownload.as_view(), name="version-download"),
    path(f"{VERSION}/aliases/<slug:alias>/", views.VersionAlias.as_view(), name="version-alias"),
]

ACCESS = {
    "models": {"GET": "viewer"},
    "model": {"GET": "viewer"},
    "model-rollback": {"POST": "engineer"},
    "versions": {"GET": "viewer", "POST": "engineer"},
    "version": {"GET": "viewer", "PATCH": "engineer"},
    "version-download": {"GET": "viewer"},
    "version-alias": {"PUT": "engineer", "DELETE": "engineer"},
}
