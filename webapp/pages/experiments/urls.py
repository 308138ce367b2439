"""Pages of the experiments room: URL to view."""

from django.urls import path

from webapp.pages.experiments import groups, live, new, views

urlpatterns = [
    path("projects/<slug:slug>/runs", views.list_runs, name="list"),
    path("projects/<slug:slug>/runs/new", new.create, name="new"),
    path("projects/<slug:slug>/runs/new/version", new.commit_version, name="commit"),
    path("projects/<slug:slug>/runs/new/versions", new.show_versions, name="new-data"),
    path("projects/<slug:slug>/runs/compare", views.compare, name="compare"),
    path("projects/<slug:slug>/runs/by-id/<int:run_id>", views.find_by_id, name="run-by-id"),
    path("projects/<slug:slug>/runs/<int:number>", views.detail, name="detail"),
    path("projects/<slug:slug>/runs/<int:number>/live", live.live, name="live"),
    path("projects/<slug:slug>/runs/<int:number>/cancel", views.cancel, name="cancel"),
    path("projects/<slug:slug>/runs/<int:number>/resume", views.resume, name="resume"),
    path("projects/<slug:slug>/runs/<int:number>/edit", views.edit, name="edit"),
    path("projects/<slug:slug>/runs/<int:number>/files/<path:name>", views.download, name="file"),
    path("projects/<slug:slug>/curves", live.curves, name="curves"),
    path("projects/<slug:slug>/metrics", live.metrics, name="metrics"),
    path("projects/<slug:slug>/experiments", groups.list_experiments, name="experiments"),
    path("projects/<slug:slug>/experiments/<int:experiment_id>/edit", groups.edit, name="experiment-edit"),
]

ACCESS = {
    "list": {"GET": "viewer"},
    "new": {"GET": "engineer", "POST": "engineer"},
    "commit": {"POST": "engineer"},
    "new-data": {"GET": "engineer"},
    "compare": {"GET": "viewer"},
    "run-by-id": {"GET": "viewer"},
    "detail": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "cancel": {"POST": "engineer"},
    "resume": {"POST": "engineer"},
    "edit": {"POST": "engineer"},
    "file": {"GET": "viewer"},
    "curves": {"GET": "viewer"},
    "metrics": {"GET": "viewer"},
    "experiments": {"GET": "viewer", "POST": "engineer"},
    "experiment-edit": {"POST": "engineer"},
}
