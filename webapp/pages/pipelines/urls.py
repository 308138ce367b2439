"""Pages of the pipelines room: URL to view."""

from django.urls import path

from webapp.pages.pipelines import views

urlpatterns = [
    path("projects/<slug:slug>/pipelines", views.overview, name="list"),
    path("projects/<slug:slug>/pipelines/start", views.start, name="start"),
    path("projects/<slug:slug>/pipelines/<int:number>", views.detail, name="detail"),
    path("projects/<slug:slug>/pipelines/<int:number>/live", views.live, name="live"),
    path("projects/<slug:slug>/pipelines/<int:number>/cancel", views.cancel, name="cancel"),
]

ACCESS = {
    "list": {"GET": "viewer"},
    "start": {"GET": "engineer", "POST": "engineer"},
    "detail": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "cancel": {"POST": "engineer"},
}
