"""Pages of the exploration room: URL to view."""

from django.urls import path

from webapp.pages.exploration import acts, findings, profile, views

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/explore", profile.show, name="overview"),
    path(f"{PROJECT}/explore/live", profile.live, name="live"),
    path(f"{PROJECT}/explore/refresh", profile.refresh, name="refresh"),
    path(f"{PROJECT}/versions/<int:number>/profile", profile.show_version, name="version-profile"),
    path(f"{PROJECT}/explore/findings/<slug:finding>", findings.show, name="findings"),
    path(f"{PROJECT}/explore/findings/<slug:finding>/act", findings.act, name="findings-act"),
    path(f"{PROJECT}/explore/acts/<int:act_id>/live", acts.live, name="act-live"),
    path(f"{PROJECT}/explore/acts/<int:act_id>/undo", acts.undo, name="undo"),
    path(f"{PROJECT}/explore/views", views.list_views, name="views"),
    path(f"{PROJECT}/explore/views/<int:view_id>", views.open_view, name="view"),
    path(f"{PROJECT}/explore/views/<int:view_id>/delete", views.delete_view, name="view-delete"),
    path(f"{PROJECT}/items/<int:item_id>/tags", views.change_tags, name="item-tags"),
]

ACCESS = {
    "overview": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "refresh": {"POST": "engineer"},
    "version-profile": {"GET": "viewer", "POST": "engineer"},
    "findings": {"GET": "viewer"},
    "findings-act": {"POST": "engineer"},
    "act-live": {"GET": "viewer"},
    "undo": {"POST": "engineer"},
    "views": {"GET": "viewer", "POST": "reviewer"},
    "view": {"GET": "viewer"},
    "view-delete": {"POST": "reviewer"},
    "item-tags": {"POST": "reviewer"},
}
