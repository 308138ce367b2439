"""Pages of the jobs room: URL to view."""

from django.urls import path

from webapp.pages.jobs import views

urlpatterns = [
    path("jobs", views.list_all, name="all"),
    path("projects/<slug:slug>/jobs", views.list_project, name="list"),
    path("projects/<slug:slug>/jobs/<int:job_id>", views.detail, name="detail"),
    path("projects/<slug:slug>/jobs/<int:job_id>/live", views.live, name="live"),
    path("projects/<slug:slug>/jobs/<int:job_id>/log", views.log, name="log"),
    path("projects/<slug:slug>/jobs/<int:job_id>/cancel", views.cancel, name="cancel"),
    path("projects/<slug:slug>/jobs/<int:job_id>/retry", views.retry, name="retry"),
]

ACCESS = {
    "all": {"GET": "admin"},
    "list": {"GET": "viewer"},
    "detail": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "log": {"GET": "viewer"},
    "cancel": {"POST": "engineer"},
    "retry": {"POST": "engineer"},
}
