"""REST endpoints of the pipelines room: URL to view."""

from django.urls import path

from webapp.api.pipelines import assistance, views

P = "projects/<slug:slug>/"
S = P + "suggestion-sources/"

urlpatterns = [
    path(P + "pipelines/", views.Pipelines.as_view(), name="list"),
    path(P + "pipelines/<int:number>/", views.PipelineDetail.as_view(), name="detail"),
    path(P + "pipelines/<int:number>/cancel/", views.PipelineCancel.as_view(), name="cancel"),
    path(S, assistance.SourcesView.as_view(), name="suggestion-sources"),
    path(S + "import/", assistance.PredictionFileView.as_view(), name="suggestion-import"),
    path(S + "<int:maker_id>/", assistance.SourceView.as_view(), name="suggestion-source"),
    path(P + "assistance/", assistance.AssistanceView.as_view(), name="assistance"),
    path(P + "assistance/report/", assistance.ReportView.as_view(), name="assistance-report"),
    path(P + "assistance/outcomes/", assistance.OutcomesView.as_view(), name="assistance-outcomes"),
    path(P + "active-learning/", assistance.LoopView.as_view(), name="active-learning"),
    path(P + "active-learning/rounds/", assistance.RoundsView.as_view(), name="active-learning-rounds"),
]

ACCESS = {
    "list": {"GET": "viewer", "POST": "engineer"},
    "detail": {"GET": "viewer"},
    "cancel": {"POST": "engineer"},
    "suggestion-sources": {"GET": "viewer", "POST": "engineer"},
    "suggestion-import": {"POST": "engineer"},
    "suggestion-source": {"GET": "viewer", "POST": "engineer", "PATCH": "engineer", "DELETE": "engineer"},
    "assistance": {"GET": "viewer", "PUT": "engineer"},
    "assistance-report": {"GET": "reviewer"},
    "assistance-outcomes": {"GET": "reviewer"},
    "active-learning": {"GET": "viewer", "PUT": "engineer"},
    "active-learning-rounds": {"GET": "viewer", "POST": "engineer"},
}
