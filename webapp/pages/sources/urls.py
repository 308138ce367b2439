"""Pages of the sources room: URL to view."""

from django.urls import path

from webapp.pages.sources import actions, sources

SOURCES = "projects/<slug:slug>/sources"
SOURCE = f"{SOURCES}/<int:source_id>"
urlpatterns = [
    path(SOURCES, sources.list_sources, name="list"),
    path(f"{SOURCES}/new", sources.choose, name="choose"),
    path(f"{SOURCES}/new/<slug:source_kind>", sources.create, name="new"),
    path(SOURCE, sources.show, name="source"),
    path(f"{SOURCE}/live", sources.live, name="live"),
    path(f"{SOURCE}/edit", sources.edit, name="edit"),
    path(f"{SOURCE}/changes", sources.list_changes, name="changes"),
    path(f"{SOURCE}/look", actions.look, name="look"),
    path(f"{SOURCE}/start", actions.start, name="start"),
    path(f"{SOURCE}/run", actions.run, name="run"),
    path(f"{SOURCE}/fix", actions.fix, name="fix"),
    path(f"{SOURCE}/contract", actions.contract, name="contract"),
    path(f"{SOURCE}/schedule", actions.schedule, name="schedule"),
    path(f"{SOURCE}/pause", actions.pause, name="pause"),
    path(f"{SOURCE}/gone", actions.settle_gone, name="gone"),
    path(f"{SOURCE}/delete", actions.delete, name="delete"),
    path(f"{SOURCE}/runs/<int:collection_id>/quarantine/<slug:kind>", actions.download, name="quarantine"),
]

ACCESS = {
    "list": {"GET": "viewer"},
    "choose": {"GET": "engineer"},
    "new": {"GET": "engineer", "POST": "engineer"},
    "source": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "edit": {"GET": "engineer", "POST": "engineer"},
    "changes": {"GET": "viewer"},
    "look": {"POST": "engineer"},
    "start": {"GET": "engineer", "POST": "engineer"},
    "run": {"POST": "engineer"},
    "fix": {"POST": "engineer"},
    "contract": {"GET": "viewer", "POST": "engineer"},
    "schedule": {"GET": "engineer", "POST": "engineer"},
    "pause": {"POST": "engineer"},
    "gone": {"POST": "engineer"},
    "delete": {"POST": "engineer"},
    "quarantine": {"GET": "viewer"},
}
