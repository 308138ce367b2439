"""Pages of the monitoring room: URL to view."""

from django.urls import path

from webapp.pages.monitoring import views

urlpatterns = [
    path("projects/<slug:slug>/monitor", views.overview, name="overview"),
    path("projects/<slug:slug>/monitor/<slug:deployment>", views.detail, name="detail"),
    path("projects/<slug:slug>/monitor/<slug:deployment>/drift", views.drift, name="drift"),
    path("projects/<slug:slug>/alerts", views.alerts, name="alerts"),
    path("projects/<slug:slug>/alerts/<int:alert_id>/resolve", views.resolve, name="resolve"),
]

ACCESS = {
    "overview": {"GET": "viewer"},
    "detail": {"GET": "viewer"},
    "drift": {"GET": "viewer"},
    "alerts": {"GET": "viewer"},
    "resolve": {"POST": "engineer"},
}
