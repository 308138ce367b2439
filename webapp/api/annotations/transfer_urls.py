"""Labels out and in over REST: URL to view."""

from django.urls import path

from webapp.api.annotations import exports

P = "projects/<slug:slug>/label-exports/"
IMPORTS = "projects/<slug:slug>/label-imports/"
ONE = P + "<int:label_export_id>/"

urlpatterns = [
    path(P, exports.LabelExportsView.as_view(), name="label-exports"),
    path(P + "layouts/", exports.LabelLayoutsView.as_view(), name="label-layouts"),
    path(IMPORTS, exports.LabelImportsView.as_view(), name="label-imports"),
    path(IMPORTS + "<int:label_import_id>/", exports.LabelImportView.as_view(), name="label-import"),
    path(ONE, exports.LabelExportView.as_view(), name="label-export"),
    path(ONE + "file/", exports.LabelExportFileView.as_view(), name="label-export-file"),
]

ACCESS = {
    "label-exports": {"GET": "reviewer", "POST": "reviewer"},
    "label-imports": {"GET": "engineer", "POST": "engineer"},
    "label-import": {"GET": "engineer"},
    "label-layouts": {"GET": "viewer"},
    "label-export": {"GET": "reviewer", "DELETE": "engineer"},
    "label-export-file": {"GET": "reviewer"},
}
