"""Pages of the annotations room: URL to view."""

from django.urls import path

from webapp.pages.annotations import views

P = "projects/<slug:slug>/label"

urlpatterns = [
    path(P, views.label, name="label"),
    path(P + "/overview", views.overview, name="overview"),
    path(P + "/schema", views.schema, name="schema"),
    path(P + "/schema/config", views.config, name="config"),
    path(P + "/guide", views.guide, name="guide"),
    path(P + "/queue", views.queue, name="queue"),
    path(P + "/tasks/<int:task_id>/image", views.task_image, name="task-image"),
]

ACCESS = {
    "label": {"GET": "annotator"},
    "overview": {"GET": "viewer"},
    "schema": {"GET": "viewer", "POST": "engineer"},
    "config": {"POST": "engineer"},
    "guide": {"GET": "viewer", "POST": "reviewer"},
    "queue": {"GET": "viewer", "POST": "engineer"},
    "task-image": {"GET": "annotator"},
}
