"""REST endpoints of the experiments room: URL to view."""

from django.urls import path

from webapp.api.experiments import views

urlpatterns = [
    path("projects/<slug:slug>/recipes/", views.RecipeList.as_view(), name="recipes"),
    path("projects/<slug:slug>/experiments/", views.ExperimentList.as_view(), name="experiments"),
    path("projects/<slug:slug>/experiments/<int:experiment_id>/", views.ExperimentDetail.as_view(), name="experiment"),
    path("projects/<slug:slug>/runs/", views.RunList.as_view(), name="runs"),
    path("projects/<slug:slug>/runs/<int:number>/", views.RunDetail.as_view(), name="run"),
    path("projects/<slug:slug>/runs/<int:number>/cancel/", views.RunCancel.as_view(), name="run-cancel"),
    path("projects/<slug:slug>/runs/<int:number>/resume/", views.RunResume.as_view(), name="run-resume"),
    path("projects/<slug:slug>/runs/<int:number>/metrics/", views.RunMetrics.as_view(), name="run-metrics"),
]

ACCESS = {
    "recipes": {"GET": "viewer"},
    "experiments": {"GET": "viewer", "POST": "engineer"},
    "experiment": {"GET": "viewer", "PATCH": "engineer"},
    "runs": {"GET": "viewer", "POST": "engineer"},
    "run": {"GET": "viewer", "PATCH": "engineer"},
    "run-cancel": {"POST": "engineer"},
    "run-resume": {"POST": "engineer"},
    "run-metrics": {"GET": "viewer"},
}
