"""REST endpoints of the deployments room: URL to view."""

from django.urls import path

from webapp.api.deployments import views

BASE = "projects/<slug:slug>/deployments/<slug:deployment>"

urlpatterns = [
    path("projects/<slug:slug>/deployments/", views.DeploymentList.as_view(), name="deployments"),
    path("projects/<slug:slug>/feedback/", views.FeedbackList.as_view(), name="feedback"),
    path(f"{BASE}/", views.DeploymentDetail.as_view(), name="deployment"),
    path(f"{BASE}/releases/", views.ReleaseList.as_view(), name="releases"),
    path(f"{BASE}/rollback/", views.Rollback.as_view(), name="rollback"),
    path(f"{BASE}/stop/", views.Stop.as_view(), name="stop"),
    path(f"{BASE}/start/", views.Start.as_view(), name="start"),
    path(f"{BASE}/keys/", views.KeyList.as_view(), name="keys"),
    path(f"{BASE}/keys/<int:key_id>/", views.KeyDetail.as_view(), name="key"),
    path(f"{BASE}/traffic/", views.Traffic.as_view(), name="traffic"),
    path(f"{BASE}/predictions/", views.PredictionList.as_view(), name="predictions"),
]

ACCESS = {
    "deployments": {"GET": "viewer", "POST": "engineer"},
    "feedback": {"GET": "viewer", "POST": "annotator"},
    "deployment": {"GET": "viewer", "PATCH": "engineer"},
    "releases": {"GET": "viewer", "POST": "engineer"},
    "rollback": {"POST": "engineer"},
    "stop": {"POST": "engineer"},
    "start": {"POST": "engineer"},
    "keys": {"GET": "engineer", "POST": "engineer"},
    "key": {"DELETE": "engineer"},
    "traffic": {"GET": "viewer"},
    "predictions": {"GET": "viewer"},
}
