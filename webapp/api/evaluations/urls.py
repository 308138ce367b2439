"""REST endpoints of the evaluations room: URL to view."""

from django.urls import path

from webapp.api.evaluations import views

urlpatterns = [
    path("projects/<slug:slug>/evaluations/", views.EvaluationList.as_view(), name="evaluations"),
    path("projects/<slug:slug>/evaluations/compare/", views.EvaluationCompare.as_view(), name="evaluation-compare"),
    path("projects/<slug:slug>/evaluations/<int:evaluation_id>/", views.EvaluationDetail.as_view(), name="evaluation"),
    path(
        "projects/<slug:slug>/evaluations/<int:evaluation_id>/items/",
        views.EvaluationItems.as_view(),
        name="evaluation-items",
    ),
    path(
        "projects/<slug:slug>/evaluations/<int:evaluation_id>/decisions/",
        views.EvaluationDecisions.as_view(),
        name="evaluation-decisions",
    ),
]

ACCESS = {
    "evaluations": {"GET": "viewer", "POST": "engineer"},
    "evaluation-compare": {"GET": "viewer"},
    "evaluation": {"GET": "viewer"},
    "evaluation-items": {"GET": "viewer"},
    "evaluation-decisions": {"GET": "viewer", "POST": "reviewer"},
}
