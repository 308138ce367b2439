"""Pages of the datasets room: URL to view."""

from django.urls import path

from webapp.pages.datasets import collections, items, versions

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/items", items.list_items, name="items"),
    path(f"{PROJECT}/items/change", items.change_items, name="items-change"),
    path(f"{PROJECT}/items/<int:item_id>", items.show_item, name="item"),
    path(f"{PROJECT}/items/<int:item_id>/picture/<int:size>", items.show_picture, name="picture"),
    path(f"{PROJECT}/items/<int:item_id>/file", items.download_file, name="file"),
    path(f"{PROJECT}/collections", collections.list_collections, name="collections"),
    path(f"{PROJECT}/collections/new", collections.upload, name="upload"),
    path(f"{PROJECT}/collections/<int:collection_id>", collections.show_collection, name="collection"),
    path(f"{PROJECT}/collections/<int:collection_id>/live", collections.live, name="collection-live"),
    path(f"{PROJECT}/collections/<int:collection_id>/inspect", collections.inspect, name="inspect"),
    path(f"{PROJECT}/collections/<int:collection_id>/start", collections.start, name="start"),
    path(f"{PROJECT}/collections/<int:collection_id>/cancel", collections.cancel, name="cancel"),
    path(f"{PROJECT}/collections/<int:collection_id>/discard", collections.discard, name="discard"),
    path(f"{PROJECT}/collections/<int:collection_id>/rejects", collections.download_rejects, name="rejects"),
    path(f"{PROJECT}/versions", versions.list_versions, name="versions"),
    path(f"{PROJECT}/versions/live", versions.live, name="versions-live"),
    path(f"{PROJECT}/versions/diff", versions.choose_diff, name="choose-diff"),
    path(f"{PROJECT}/versions/<int:number>", versions.show_version, name="version"),
    path(f"{PROJECT}/versions/<int:old>/diff/<int:new>", versions.show_diff, name="diff"),
    path(f"{PROJECT}/versions/<int:number>/download/<slug:kind>", versions.download, name="version-download"),
]

ACCESS = {
    "items": {"GET": "viewer"},
    "items-change": {"POST": "engineer"},
    "item": {"GET": "viewer"},
    "picture": {"GET": "viewer"},
    "file": {"GET": "viewer"},
    "collections": {"GET": "viewer"},
    "upload": {"GET": "engineer", "POST": "engineer"},
    "collection": {"GET": "viewer"},
    "collection-live": {"GET": "viewer"},
    "inspect": {"POST": "engineer"},
    "start": {"POST": "engineer"},
    "cancel": {"POST": "engineer"},
    "discard": {"POST": "engineer"},
    "rejects": {"GET": "viewer"},
    "versions": {"GET": "viewer", "POST": "engineer"},
    "versions-live": {"GET": "viewer"},
    "choose-diff": {"GET": "viewer"},
    "version": {"GET": "viewer"},
    "diff": {"GET": "viewer"},
    "version-download": {"GET": "viewer"},
}
