"""REST endpoints of the datasets room: URL to view."""

from django.urls import path

from webapp.api.datasets import files, views

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/dataset/", views.DatasetView.as_view(), name="dataset"),
    path(f"{PROJECT}/uploads/", views.UploadsView.as_view(), name="uploads"),
    path(f"{PROJECT}/uploads/<int:upload_id>/", views.UploadView.as_view(), name="upload"),
    path(f"{PROJECT}/collections/", views.CollectionsView.as_view(), name="collections"),
    path(f"{PROJECT}/collections/<int:collection_id>/", views.CollectionView.as_view(), name="collection"),
    path(f"{PROJECT}/collections/<int:collection_id>/preview/", views.CollectionPreviewView.as_view(), name="preview"),
    path(f"{PROJECT}/collections/<int:collection_id>/start/", views.CollectionStartView.as_view(), name="start"),
    path(f"{PROJECT}/collections/<int:collection_id>/rejects/", views.RejectsView.as_view(), name="rejects"),
    path(f"{PROJECT}/items/", views.ItemsView.as_view(), name="items"),
    path(f"{PROJECT}/items/<int:item_id>/", views.ItemView.as_view(), name="item"),
    path(f"{PROJECT}/items/<int:item_id>/file/", views.ItemFileView.as_view(), name="item-file"),
    path(f"{PROJECT}/versions/", views.VersionsView.as_view(), name="versions"),
    path(f"{PROJECT}/versions/<int:number>/", views.VersionView.as_view(), name="version"),
    path(f"{PROJECT}/versions/<int:number>/items/", views.VersionItemsView.as_view(), name="version-items"),
    path(f"{PROJECT}/versions/<int:old>/diff/<int:new>/", views.VersionDiffView.as_view(), name="version-diff"),
    path(f"{PROJECT}/manifest/", files.ManifestView.as_view(), name="manifest"),
    path(f"{PROJECT}/versions/<int:number>/chunks/<slug:digest>/", files.ChunkView.as_view(), name="chunk"),
    path(
        f"{PROJECT}/versions/<int:number>/chunks/<slug:digest>/blobs/",
        files.ChunkBlobsView.as_view(),
        name="chunk-blobs",
    ),
    path(
        f"{PROJECT}/versions/<int:number>/chunks/<slug:digest>/blobs/<int:row>/",
        files.ChunkBlobView.as_view(),
        name="chunk-blob",
    ),
    path(
        f"{PROJECT}/versions/<int:number>/download/<slug:kind>/",
        views.VersionDownloadView.as_view(),
        name="version-download",
    ),
]

ACCESS = {
    "dataset": {"GET": "viewer", "PATCH": "engineer"},
    "uploads": {"GET": "viewer", "POST": "engineer"},
    "upload": {"GET": "viewer", "PATCH": "engineer", "DELETE": "engineer"},
    "collections": {"GET": "viewer", "POST": "engineer"},
    "collection": {"GET": "viewer", "DELETE": "engineer"},
    "preview": {"GET": "viewer", "POST": "engineer"},
    "start": {"POST": "engineer"},
    "rejects": {"GET": "viewer"},
    "items": {"GET": "viewer", "PATCH": "engineer"},
    "item": {"GET": "viewer", "PATCH": "engineer"},
    "item-file": {"GET": "viewer"},
    "versions": {"GET": "viewer", "POST": "engineer"},
    "version": {"GET": "viewer"},
    "version-items": {"GET": "viewer"},
    "version-diff": {"GET": "viewer"},
    "version-download": {"GET": "viewer"},
    "manifest": {"GET": "viewer"},
    "chunk": {"GET": "viewer"},
    "chunk-blobs": {"GET": "viewer"},
    "chunk-blob": {"GET": "viewer"},
}
