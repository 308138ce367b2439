"""Pages of the embeddings room: URL to view."""

from django.urls import path

from webapp.pages.embeddings import items, maps, search, selections

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/map", maps.show_map, name="map"),
    path(f"{PROJECT}/map/draw", maps.draw, name="draw"),
    path(f"{PROJECT}/map/live", maps.live, name="live"),
    path(f"{PROJECT}/map/encode", maps.encode, name="encode"),
    path(f"{PROJECT}/map/encoders/<int:encoder_id>/delete", maps.delete_encoder, name="encoder-delete"),
    path(f"{PROJECT}/map/<int:map_id>/points", maps.show_points, name="points"),
    path(f"{PROJECT}/map/<int:map_id>/colors/<slug:color>", maps.show_colors, name="colors"),
    path(f"{PROJECT}/map/select", selections.select, name="select"),
    path(f"{PROJECT}/map/selections/<int:selection_id>", selections.show, name="selection"),
    path(f"{PROJECT}/map/selections/<int:selection_id>/change", selections.change, name="selection-change"),
    path(f"{PROJECT}/items/<int:item_id>/like", items.show_like, name="like"),
    path(f"{PROJECT}/items/<int:item_id>/peek", items.peek, name="peek"),
    path(f"{PROJECT}/search", search.start, name="search"),
    path(f"{PROJECT}/search/<int:search_id>", search.show, name="found"),
    path(f"{PROJECT}/search/<int:search_id>/live", search.live, name="found-live"),
]

ACCESS: dict[str, dict[str, str]] = {
    "map": {"GET": "viewer"},
    "draw": {"POST": "engineer"},
    "live": {"GET": "viewer"},
    "encode": {"POST": "engineer"},
    "encoder-delete": {"POST": "engineer"},
    "points": {"GET": "viewer"},
    "colors": {"GET": "viewer"},
    "select": {"POST": "viewer"},
    "selection": {"GET": "viewer"},
    "selection-change": {"POST": "engineer"},
    "like": {"GET": "viewer"},
    "peek": {"GET": "viewer"},
    "search": {"GET": "viewer", "POST": "viewer"},
    "found": {"GET": "viewer"},
    "found-live": {"GET": "viewer"},
}
