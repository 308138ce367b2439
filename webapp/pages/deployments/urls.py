"""Pages of the deployments room: URL to view."""

from django.urls import path

from webapp.pages.deployments import actions, predictions, tryit, views

BASE = "projects/<slug:slug>/deployments/<slug:deployment>"

urlpatterns = [
    path("projects/<slug:slug>/deployments", views.list_deployments, name="list"),
    path(BASE, views.detail, name="detail"),
    path(f"{BASE}/live", views.live, name="live"),
    path(f"{BASE}/release", actions.release, name="release"),
    path(f"{BASE}/rollback", actions.rollback, name="rollback"),
    path(f"{BASE}/stop", actions.stop, name="stop"),
    path(f"{BASE}/start", actions.start, name="start"),
    path(f"{BASE}/settings", actions.configure, name="configure"),
    path(f"{BASE}/keys", actions.create_key, name="key-new"),
    path(f"{BASE}/keys/<int:key_id>/revoke", actions.revoke_key, name="key-revoke"),
    path(f"{BASE}/try", tryit.try_it, name="try"),
    path(f"{BASE}/predictions", predictions.list_predictions, name="predictions"),
    path(f"{BASE}/predictions/<uuid:request_id>", predictions.detail, name="prediction"),
    path(f"{BASE}/predictions/<uuid:request_id>/image", predictions.show_image, name="prediction-image"),
    path(f"{BASE}/feedback", predictions.record_feedback, name="feedback"),
]

ACCESS = {
    "list": {"GET": "viewer", "POST": "engineer"},
    "detail": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "release": {"POST": "engineer"},
    "rollback": {"POST": "engineer"},
    "stop": {"POST": "engineer"},
    "start": {"POST": "engineer"},
    "configure": {"POST": "engineer"},
    "key-new": {"POST": "engineer"},
    "key-revoke": {"POST": "engineer"},
    "try": {"GET": "viewer", "POST": "viewer"},
    "predictions": {"GET": "viewer"},
    "prediction": {"GET": "viewer"},
    "prediction-image": {"GET": "viewer"},
    "feedback": {"POST": "reviewer"},
}
