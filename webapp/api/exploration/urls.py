"""REST of the exploration room: URL to view."""

from django.urls import path

from webapp.api.exploration import views

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/profile/", views.ProfileView.as_view(), name="profile"),
    path(f"{PROJECT}/versions/<int:number>/profile/", views.VersionProfileView.as_view(), name="version-profile"),
    path(f"{PROJECT}/findings/", views.FindingsView.as_view(), name="findings"),
    path(f"{PROJECT}/findings/<slug:finding>/", views.FindingListView.as_view(), name="finding-list"),
    path(f"{PROJECT}/items/act/", views.ItemsActView.as_view(), name="items-act"),
    path(f"{PROJECT}/items/acts/<int:act_id>/", views.ActView.as_view(), name="act"),
    path(f"{PROJECT}/items/acts/<int:act_id>/undo/", views.ActUndoView.as_view(), name="act-undo"),
    path(f"{PROJECT}/item-tags/", views.TagsView.as_view(), name="item-tags"),
    path(f"{PROJECT}/views/", views.SavedViewsView.as_view(), name="views"),
    path(f"{PROJECT}/views/<int:view_id>/", views.SavedViewView.as_view(), name="view"),
]

ACCESS = {
    "profile": {"GET": "viewer", "POST": "engineer"},
    "version-profile": {"GET": "viewer", "POST": "engineer"},
    "findings": {"GET": "viewer", "POST": "engineer"},
    "finding-list": {"GET": "viewer"},
    "items-act": {"POST": "engineer"},
    "act": {"GET": "viewer"},
    "act-undo": {"POST": "engineer"},
    "item-tags": {"GET": "viewer", "DELETE": "engineer"},
    "views": {"GET": "viewer", "POST": "reviewer"},
    "view": {"GET": "viewer", "DELETE": "reviewer"},
}
