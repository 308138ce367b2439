"""Pages of the evaluations room: URL to view."""

from django.urls import path

from webapp.pages.evaluations import items, review, views

urlpatterns = [
    path("projects/<slug:slug>/evaluations", views.list_evaluations, name="list"),
    path("projects/<slug:slug>/evaluations/compare", items.compare, name="compare"),
    path("projects/<slug:slug>/evaluations/<int:evaluation_id>", views.detail, name="detail"),
    path("projects/<slug:slug>/evaluations/<int:evaluation_id>/again", views.evaluate_again, name="again"),
    path("projects/<slug:slug>/evaluations/<int:evaluation_id>/items", items.list_items, name="items"),
    path("projects/<slug:slug>/evaluations/<int:evaluation_id>/decide", review.decide, name="decide"),
    path("projects/<slug:slug>/review", review.list_awaiting, name="review"),
]

ACCESS = {
    "list": {"GET": "viewer", "POST": "engineer"},
    "compare": {"GET": "viewer"},
    "detail": {"GET": "viewer"},
    "again": {"POST": "engineer"},
    "items": {"GET": "viewer"},
    "decide": {"POST": "reviewer"},
    "review": {"GET": "reviewer"},
}
