"""REST endpoints of the annotations room: URL to view."""

from django.urls import path

from webapp.api.annotations import quality_urls, queue_urls, transfer_urls, views

P = "projects/<slug:slug>/"

urlpatterns = [
    path(P + "label-schema/", views.SchemaView.as_view(), name="schema"),
    path(P + "label-schema/versions/", views.SchemaVersionsView.as_view(), name="schema-versions"),
    path(P + "guide/", views.GuideView.as_view(), name="guide"),
    path(P + "queue/", views.QueueView.as_view(), name="queue"),
    path(P + "queue/next/", views.NextView.as_view(), name="queue-next"),
    path(P + "queue/renew/", views.RenewView.as_view(), name="queue-renew"),
    path(P + "queue/release/", views.ReleaseView.as_view(), name="queue-release"),
    path(P + "queue/history/", views.HistoryView.as_view(), name="queue-history"),
    path(P + "annotations/", views.AnnotationsView.as_view(), name="annotations"),
    path(P + "annotations/batch/", views.BatchView.as_view(), name="annotations-batch"),
    path(P + "annotations/<int:annotation_id>/", views.AnnotationView.as_view(), name="annotation"),
    path(P + "tasks/", views.TasksView.as_view(), name="tasks"),
    path(P + "tasks/reopen/", views.ReopenView.as_view(), name="tasks-reopen"),
    path(P + "tasks/<int:task_id>/", views.TaskView.as_view(), name="task"),
    path(P + "tasks/<int:task_id>/annotations/", views.TaskVersionsView.as_view(), name="task-annotations"),
    path(P + "tasks/<int:task_id>/skip/", views.SkipView.as_view(), name="task-skip"),
    path(P + "tasks/<int:task_id>/undo/", views.UndoView.as_view(), name="task-undo"),
    *transfer_urls.urlpatterns,
    *quality_urls.urlpatterns,
    *queue_urls.urlpatterns,
]

ACCESS = {
    "schema": {"GET": "member", "PUT": "engineer"},
    "schema-versions": {"GET": "member"},
    "guide": {"GET": "member", "PUT": "reviewer"},
    "queue": {"GET": "member", "PUT": "engineer"},
    "queue-next": {"POST": "annotator"},
    "queue-renew": {"POST": "annotator"},
    "queue-release": {"POST": "annotator"},
    "queue-history": {"GET": "annotator"},
    "annotations": {"GET": "member", "POST": "annotator"},
    "annotations-batch": {"POST": "annotator"},
    "annotation": {"GET": "member"},
    "tasks": {"GET": "reviewer"},
    "tasks-reopen": {"POST": "reviewer"},
    "task": {"GET": "annotator"},
    "task-annotations": {"GET": "annotator"},
    "task-skip": {"POST": "annotator"},
    "task-undo": {"POST": "annotator"},
}
ACCESS |= transfer_urls.ACCESS
ACCESS |= quality_urls.ACCESS
ACCESS |= queue_urls.ACCESS
