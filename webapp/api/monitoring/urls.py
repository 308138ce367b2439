"""REST endpoints of the monitoring room: URL to view."""

from django.urls import path

from webapp.api.monitoring import views

DEPLOYMENT = "projects/<slug:slug>/deployments/<slug:deployment>"

urlpatterns = [
    path(f"{DEPLOYMENT}/monitor/", views.LiveWindow.as_view(), name="window"),
    path(f"{DEPLOYMENT}/drift-reports/", views.DriftReports.as_view(), name="reports"),
    path("projects/<slug:slug>/alerts/", views.Alerts.as_view(), name="alerts"),
    path("projects/<slug:slug>/alerts/<int:alert_id>/resolve/", views.AlertResolve.as_view(), name="resolve"),
]

ACCESS = {
    "window": {"GET": "viewer"},
    "reports": {"GET": "viewer"},
    "alerts": {"GET": "viewer"},
    "resolve": {"POST": "engineer"},
}
