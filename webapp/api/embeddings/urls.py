"""REST of the embeddings room: URL to view."""

from django.urls import path

from webapp.api.embeddings import views

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/encoders/", views.Encoders.as_view(), name="encoders"),
    path(f"{PROJECT}/encoders/<int:encoder_id>/", views.EncoderDetail.as_view(), name="encoder"),
    path(f"{PROJECT}/maps/", views.Maps.as_view(), name="maps"),
    path(f"{PROJECT}/maps/<int:map_id>/", views.MapDetail.as_view(), name="map"),
    path(f"{PROJECT}/maps/<int:map_id>/points/", views.MapPoints.as_view(), name="points"),
    path(f"{PROJECT}/maps/<int:map_id>/colors/<slug:color>/", views.MapColors.as_view(), name="colors"),
    path(f"{PROJECT}/selections/", views.Selections.as_view(), name="selections"),
    path(f"{PROJECT}/selections/<int:selection_id>/", views.SelectionDetail.as_view(), name="selection"),
    path(f"{PROJECT}/items/<int:item_id>/like/", views.LikeItem.as_view(), name="like"),
    path(f"{PROJECT}/searches/", views.Searches.as_view(), name="searches"),
    path(f"{PROJECT}/searches/<int:search_id>/", views.SearchDetail.as_view(), name="search"),
]

ACCESS: dict[str, dict[str, str]] = {
    "encoders": {"GET": "viewer", "POST": "engineer"},
    "encoder": {"DELETE": "engineer"},
    "maps": {"GET": "viewer", "POST": "engineer"},
    "map": {"GET": "viewer", "DELETE": "engineer"},
    "points": {"GET": "viewer"},
    "colors": {"GET": "viewer"},
    "selections": {"GET": "viewer", "POST": "viewer"},
    "selection": {"GET": "viewer", "POST": "engineer"},
    "like": {"GET": "viewer"},
    "searches": {"POST": "viewer"},
    "search": {"GET": "viewer"},
}
