"""REST endpoints of the sources room: URL to view."""

from django.urls import path

from webapp.api.sources import views

SOURCES = "projects/<slug:slug>/sources/"
SOURCE = f"{SOURCES}<int:source_id>/"
RUN = f"{SOURCE}runs/<int:collection_id>/"
urlpatterns = [
    path(SOURCES, views.SourcesView.as_view(), name="sources"),
    path(SOURCE, views.SourceView.as_view(), name="source"),
    path(f"{SOURCE}secrets/", views.SecretsView.as_view(), name="secrets"),
    path(f"{SOURCE}preview/", views.SourcePreviewView.as_view(), name="preview"),
    path(f"{SOURCE}runs/", views.SourceRunsView.as_view(), name="runs"),
    path(f"{SOURCE}contract/", views.ContractView.as_view(), name="contract"),
    path(f"{SOURCE}contract/versions/", views.ContractVersionsView.as_view(), name="contract-versions"),
    path(f"{SOURCE}schedule/", views.ScheduleView.as_view(), name="schedule"),
    path(f"{SOURCE}pause/", views.PauseView.as_view(), name="pause"),
    path(f"{SOURCE}resume/", views.ResumeView.as_view(), name="resume"),
    path(f"{SOURCE}changes/", views.RowChangesView.as_view(), name="changes"),
    path(f"{SOURCE}gone/", views.GoneView.as_view(), name="gone"),
    path(f"{SOURCE}gone/items/", views.GoneItemsView.as_view(), name="gone-items"),
    path(
        f"{SOURCE}runs/<int:collection_id>/quarantine/<slug:kind>/", views.QuarantineView.as_view(), name="quarantine"
    ),
]

ACCESS = {
    "sources": {"GET": "viewer", "POST": "engineer"},
    "source": {"GET": "viewer", "PATCH": "engineer", "DELETE": "engineer"},
    "secrets": {"PUT": "engineer"},
    "preview": {"GET": "viewer", "POST": "engineer"},
    "runs": {"GET": "viewer", "POST": "engineer"},
    "contract": {"GET": "viewer", "PUT": "engineer"},
    "contract-versions": {"GET": "viewer"},
    "schedule": {"PUT": "engineer"},
    "pause": {"POST": "engineer"},
    "resume": {"POST": "engineer"},
    "changes": {"GET": "viewer"},
    "gone": {"GET": "viewer", "POST": "engineer"},
    "gone-items": {"GET": "viewer"},
    "quarantine": {"GET": "viewer"},
}
