"""Labels going out: at once as a stream, or as a snapshot that a job makes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from rest_framework.response import Response

from lifecycle.annotations import conversion, exports
from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.external_payloads import build_user
from lifecycle.annotations.models import LabelExport
from lifecycle.annotations.services import external, external_exports
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import Conflict, DomainError, NotFound
from webapp.protocols.label_studio.base import ProjectDoorView, read_body, read_flag, read_id
from webapp.protocols.label_studio.pictures import AnythingRenderer

CONVERTED_AT_ONCE = 5_000  # tasks; more are converted by a job
STATES = {"queued": "created", "running": "in_progress", "succeeded": "completed"}
CONTENT_TYPES = {".json": "application/json", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
                 ".zip": "application/zip"}  # fmt: skip


class ExportView(ProjectDoorView):
    """``?exportType=JSON&download_all_tasks=true&ids[]=1``; the SDK writes export_type."""

    renderer_classes = [AnythingRenderer]

    def get(self, request, project_pk):
        asked = request.query_params
        external.get_interface(self.project)
        wanted = asked.get("export_type") or asked.get("exportType") or "JSON"
        layout = conversion.check_layout(wanted, exports.list_project_layouts(self.project))
        ids = [read_id(one, "ids") for name in ("ids", "ids[]") for one in asked.getlist(name)]
        only_annotated = not read_flag(asked.get("download_all_tasks"))
        tasks = selectors.stream_export(
            self.project, request.user, role=self.role, only_annotated=only_annotated, task_ids=ids
        )
        name = f"{self.project.slug}-{layout.lower()}"
        if layout == "JSON":
            response = StreamingHttpResponse(conversion.stream_json(tasks), content_type="application/json")
            response["Content-Disposition"] = f'attachment; filename="{name}.json"'
            return response
        if layout in conversion.CONVERTED and (ids or self._count() <= CONVERTED_AT_ONCE):
            return self._convert(tasks, layout, name)
        if ids:
            raise DomainError(f"{layout} is written by a job, for all tasks: leave the ids out.")
        export = external_exports.make_at_once(
            project=self.project, user=request.user, layout=layout, only_annotated=only_annotated
        )
        return DownloadOnce(export)

    def _count(self) -> int:
        return selectors.count_tasks(self.project, self.request.user, role=self.role)

    def _convert(self, tasks, layout: str, name: str) -> HttpResponse:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "labels.json"
            conversion.write_json(tasks, source)
            config = external.serve_config(self.project)
            path = conversion.convert(config=config, source=source, layout=layout, folder=Path(folder))
            kind = CONTENT_TYPES.get(path.suffix, "text/plain")
            response = HttpResponse(path.read_bytes(), content_type=kind)
        response["Content-Disposition"] = f'attachment; filename="{name}{path.suffix}"'
        return response


class FormatsView(ProjectDoorView):
    def get(self, request, project_pk):
        external.get_interface(self.project)
        return Response([layout.key for layout in exports.list_project_layouts(self.project)])


class ExportsView(ProjectDoorView):
    def get(self, request, project_pk):
        return Response([describe(export) for export in selectors.list_exports(self.project)])

    def post(self, request, project_pk):
        body = read_body(request)
        options = body.get("task_filter_options")
        is_partial = isinstance(options, dict) and options.get("annotated") == "only"
        export = external_exports.start_export(
            project=self.project, user=request.user, title=str(body.get("title") or ""), only_annotated=is_partial
        )
        return Response(describe(export), status=201)


class SnapshotView(ProjectDoorView):
    def get(self, request, project_pk, export_pk):
        return Response(describe(selectors.get_export(self.project, export_pk)))

    def delete(self, request, project_pk, export_pk):
        external_exports.delete_export(export=selectors.get_export(self.project, export_pk))
        return Response(status=204)


class ConvertView(ProjectDoorView):
    def post(self, request, project_pk, export_pk):
        export = selectors.get_export(self.project, export_pk)
        layout = str(read_body(request).get("export_type") or "JSON")
        made = external_exports.start_conversion(export=export, user=request.user, layout=layout)
        return Response({"export_type": made.layout, "converted_format": made.pk})


class DownloadView(ProjectDoorView):
    """``?exportType=CSV``: the snapshot itself, or its conversion."""

    renderer_classes = [AnythingRenderer]

    def get(self, request, project_pk, export_pk):
        export = selectors.get_export(self.project, export_pk)
        asked = request.query_params
        layout = (asked.get("exportType") or asked.get("export_type") or "JSON").upper()
        found = export if layout == export.layout else export.conversions.filter(layout=layout).order_by("-pk").first()
        if found is None:
            raise NotFound(f"This export was not converted to {layout[:40]} yet.")
        if not found.blob:
            raise Conflict("This export is not finished yet.")
        return Download(found)


class Download(FileResponse):
    """The file of a finished export."""

    def __init__(self, export: LabelExport):
        kind = CONTENT_TYPES.get(Path(export.file_name).suffix, "text/plain")
        stream = open_blobs(settings.STORAGE_URL).open(export.blob)
        super().__init__(stream, as_attachment=True, filename=export.file_name, content_type=kind)
        self["Content-Length"] = str(export.byte_size)


class DownloadOnce(Download):
    """One that was made for this request, and is forgotten after it."""

    def __init__(self, export: LabelExport):
        super().__init__(export)
        self.export = export

    def close(self) -> None:
        super().close()
        external_exports.delete_export(export=self.export)


def describe(export: LabelExport) -> dict:
    return {
        "id": export.pk,
        "title": export.title,
        "created_by": build_user(export.created_by),
        "created_at": export.created_at,
        "finished_at": export.finished_at,
        "status": _find_status(export),
        "md5": "",
        "counters": {"task_number": export.task_count},
        "converted_formats": [
            {"id": one.pk, "status": _find_status(one), "export_type": one.layout} for one in export.conversions.all()
        ],
    }


def _find_status(export: LabelExport) -> str:
    if export.blob:
        return "completed"
    return STATES.get(export.job.state, "failed") if export.job else "failed"
