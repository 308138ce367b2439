"""Labels out and in, and grid mode: URL to view."""

from django.urls import path

from webapp.pages.annotations import exports, grid

P = "projects/<slug:slug>/label"
E = P + "/exports"

urlpatterns = [
    path(P + "/grid", grid.grid, name="grid"),
    path(P + "/grid/order", grid.grid_order, name="grid-order"),
    path(P + "/grid/tasks/<int:task_id>/picture", grid.grid_picture, name="grid-picture"),
    path(E, exports.label_exports, name="label-exports"),
    path(E + "/live", exports.label_exports_live, name="label-exports-live"),
    path(P + "/imports", exports.label_import, name="label-import"),
    path(E + "/<int:label_export_id>/file", exports.label_export_file, name="label-export-file"),
    path(E + "/<int:label_export_id>/delete", exports.label_export_delete, name="label-export-delete"),
]

ACCESS = {
    "grid": {"GET": "annotator"},
    "grid-order": {"POST": "annotator"},
    "grid-picture": {"GET": "annotator"},
    "label-exports": {"GET": "reviewer", "POST": "reviewer"},
    "label-exports-live": {"GET": "reviewer"},
    "label-import": {"POST": "engineer"},
    "label-export-file": {"GET": "reviewer"},
    "label-export-delete": {"POST": "engineer"},
}
