"""Pages of the pipelines room: URL to view."""

from django.urls import path

from webapp.pages.pipelines import assistance, learning, views

P = "projects/<slug:slug>/pipelines"
S = "projects/<slug:slug>/suggestions"

urlpatterns = [
    path(P, views.overview, name="list"),
    path(P + "/start", views.start, name="start"),
    path(P + "/<int:number>", views.detail, name="detail"),
    path(P + "/<int:number>/live", views.live, name="live"),
    path(P + "/<int:number>/cancel", views.cancel, name="cancel"),
    path(S, assistance.overview, name="suggestions"),
    path(S + "/settings", assistance.change, name="suggestions-change"),
    path(S + "/model", assistance.add_model, name="suggestions-model"),
    path(S + "/file", assistance.add_file, name="suggestions-file"),
    path(S + "/backend", assistance.add_backend, name="suggestions-backend"),
    path(S + "/clients", assistance.adopt, name="suggestions-adopt"),
    path(S + "/report", assistance.report, name="suggestions-report"),
    path(S + "/<int:maker_id>/ask", assistance.ask, name="suggestions-ask"),
    path(S + "/<int:maker_id>/backend", assistance.change_backend, name="suggestions-backend-change"),
    path(S + "/<int:maker_id>/delete", assistance.delete, name="suggestions-delete"),
    path("suggestions/pictures/<str:picture_name>", assistance.picture, name="suggestion-picture"),
    path("projects/<slug:slug>/active-learning", learning.overview, name="learning"),
    path("projects/<slug:slug>/active-learning/change", learning.change, name="learning-change"),
]

ACCESS = {
    "list": {"GET": "viewer"},
    "start": {"GET": "engineer", "POST": "engineer"},
    "detail": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "cancel": {"POST": "engineer"},
    "suggestions": {"GET": "viewer"},
    "suggestions-change": {"POST": "engineer"},
    "suggestions-model": {"POST": "engineer"},
    "suggestions-file": {"POST": "engineer"},
    "suggestions-backend": {"POST": "engineer"},
    "suggestions-adopt": {"POST": "engineer"},
    "suggestions-report": {"GET": "reviewer"},
    "suggestions-ask": {"POST": "engineer"},
    "suggestions-backend-change": {"POST": "engineer"},
    "suggestions-delete": {"POST": "engineer"},
    "suggestion-picture": {"GET": "anonymous"},
    "learning": {"GET": "viewer"},
    "learning-change": {"POST": "engineer"},
}
