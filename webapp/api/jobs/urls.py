"""REST endpoints of the jobs room: URL to view."""

from django.urls import path

from webapp.api.jobs import views

urlpatterns = [
    path("queues/", views.Queues.as_view(), name="queues"),
    path("projects/<slug:slug>/jobs/", views.JobList.as_view(), name="list"),
    path("projects/<slug:slug>/jobs/<int:job_id>/", views.JobDetail.as_view(), name="detail"),
    path("projects/<slug:slug>/jobs/<int:job_id>/log/", views.JobLogLines.as_view(), name="log"),
    path("projects/<slug:slug>/jobs/<int:job_id>/cancel/", views.JobCancel.as_view(), name="cancel"),
    path("projects/<slug:slug>/jobs/<int:job_id>/retry/", views.JobRetry.as_view(), name="retry"),
]

ACCESS = {
    "queues": {"GET": "admin"},
    "list": {"GET": "viewer"},
    "detail": {"GET": "viewer"},
    "log": {"GET": "viewer"},
    "cancel": {"POST": "engineer"},
    "retry": {"POST": "engineer"},
}
