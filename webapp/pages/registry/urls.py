"""Pages of the registry room: URL to view."""

from django.urls import path

from webapp.pages.registry import files, views

VERSION = "projects/<slug:slug>/models/<slug:name>/<int:number>"

urlpatterns = [
    path("projects/<slug:slug>/models", views.list_models, name="list"),
    path("projects/<slug:slug>/models/register", views.register, name="register"),
    path("projects/<slug:slug>/models/<slug:name>", views.model, name="model"),
    path("projects/<slug:slug>/models/<slug:name>/rollback", views.rollback, name="rollback"),
    path(VERSION, views.detail, name="detail"),
    path(f"{VERSION}/promote", views.promote, name="promote"),
    path(f"{VERSION}/unalias", views.remove_alias, name="unalias"),
    path(f"{VERSION}/card", views.edit_card, name="card"),
    path(f"{VERSION}/download", files.download, name="download"),
]

ACCESS = {
    "list": {"GET": "viewer"},
    "register": {"POST": "engineer"},
    "model": {"GET": "viewer"},
    "rollback": {"POST": "engineer"},
    "detail": {"GET": "viewer"},
    "promote": {"POST": "engineer"},
    "unalias": {"POST": "engineer"},
    "card": {"POST": "engineer"},
    "download": {"GET": "viewer"},
}
