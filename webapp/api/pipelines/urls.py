"""REST endpoints of the pipelines room: URL to view."""

from django.urls import path

from webapp.api.pipelines import views

urlpatterns = [
    path("projects/<slug:slug>/pipelines/", views.Pipelines.as_view(), name="list"),
    path("projects/<slug:slug>/pipelines/<int:number>/", views.PipelineDetail.as_view(), name="detail"),
    path("projects/<slug:slug>/pipelines/<int:number>/cancel/", views.PipelineCancel.as_view(), name="cancel"),
]

ACCESS = {
    "list": {"GET": "viewer", "POST": "engineer"},
    "detail": {"GET": "viewer"},
    "cancel": {"POST": "engineer"},
}
