"""Labels out over REST: which layouts fit, exports written by a job, and their files."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from lifecycle.annotations import exports
from lifecycle.annotations.models import LabelExport
from lifecycle.annotations.services import external_exports, label_imports
from lifecycle.common.errors import NotFound
from lifecycle.jobs.models import Job
from webapp.api.base import ProjectView
from webapp.files import respond_label_export


class LayoutBody(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    may_hold_pictures = serializers.BooleanField(help_text="then KEY_WITH_IMAGES brings them along")
    is_lossless = serializers.BooleanField()


class LabelExportRequest(serializers.Serializer):
    layout = serializers.CharField(default="JSON", help_text="a key of label-exports/layouts/")
    only_annotated = serializers.BooleanField(default=False)
    only_final = serializers.BooleanField(
        default=False, help_text="of each item the annotation that counts, with its sources, in place of everybody's"
    )
    title = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class LabelExportBody(serializers.Serializer):
    id = serializers.IntegerField()
    title = serializers.CharField()
    layout = serializers.CharField()
    only_annotated = serializers.BooleanField()
    only_final = serializers.BooleanField()
    state = serializers.SerializerMethodField()
    job = serializers.IntegerField(source="job_id", allow_null=True)
    tasks = serializers.IntegerField(source="task_count")
    byte_size = serializers.IntegerField()
    notes = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_state(self, export: LabelExport) -> str:
        return "succeeded" if export.blob else export.job.state if export.job else "failed"

    def get_notes(self, export: LabelExport) -> list[str]:
        return list((export.job.result or {}).get("notes") or []) if export.job else []


class LabelLayoutsView(ProjectView):
    """The layouts that can hold something of what the project's schema asks."""

    @extend_schema(responses=LayoutBody(many=True))
    def get(self, request, slug):
        return Response(LayoutBody(exports.list_project_layouts(self.project), many=True).data)


class LabelExportsView(ProjectView):
    """The newest exports; POST has a job write one."""

    @extend_schema(responses=LabelExportBody(many=True))
    def get(self, request, slug):
        return Response(LabelExportBody(exports.list_exports(self.project), many=True).data)

    @extend_schema(request=LabelExportRequest, responses={201: LabelExportBody})
    def post(self, request, slug):
        export = external_exports.start_export(
            project=self.project, user=request.user, **self.parse(LabelExportRequest)
        )
        return Response(LabelExportBody(export).data, status=status.HTTP_201_CREATED)


class LabelExportView(ProjectView):
    @extend_schema(responses=LabelExportBody)
    def get(self, request, slug, label_export_id):
        return Response(LabelExportBody(get_export(self.project, label_export_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, label_export_id):
        external_exports.delete_export(export=get_export(self.project, label_export_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class LabelExportFileView(ProjectView):
    """The file of an export that is done."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request, slug, label_export_id):
        return respond_label_export(get_export(self.project, label_export_id))


class LabelImportRequest(serializers.Serializer):
    file = serializers.FileField()
    layout = serializers.CharField(required=False, allow_blank=True, default="", help_text="empty: found out")


class LabelImportBody(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.SerializerMethodField()
    state = serializers.CharField()
    error = serializers.CharField(allow_blank=True)
    counts = serializers.SerializerMethodField()
    said = serializers.SerializerMethodField(help_text="why rows were set aside, of the first ones")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_name(self, job: Job) -> str:
        return str(job.spec.get("name", ""))

    def get_counts(self, job: Job) -> dict[str, int]:
        return {name: count for name, count in (job.result or {}).items() if name != "said"}

    def get_said(self, job: Job) -> list[str]:
        return list((job.result or {}).get("said") or [])


class LabelImportsView(ProjectView):
    """The newest imports of labels; POST takes the labels of a file as answers, by a job."""

    parser_classes = [MultiPartParser]

    @extend_schema(responses=LabelImportBody(many=True))
    def get(self, request, slug):
        return Response(LabelImportBody(label_imports.list_imports(self.project), many=True).data)

    @extend_schema(request=LabelImportRequest, responses={201: LabelImportBody})
    def post(self, request, slug):
        given = self.parse(LabelImportRequest)
        job = label_imports.start_import(
            project=self.project, user=request.user, name=given["file"].name,
            blob=label_imports.store_file(given["file"]), layout=given["layout"],
        )  # fmt: skip
        return Response(LabelImportBody(job).data, status=status.HTTP_201_CREATED)


class LabelImportView(ProjectView):
    @extend_schema(responses=LabelImportBody)
    def get(self, request, slug, label_import_id):
        job = label_imports.find_import(self.project, label_import_id)
        if job is None:
            raise NotFound("There is no such import.")
        return Response(LabelImportBody(job).data)


def get_export(project, export_id: int) -> LabelExport:
    found = exports.find_export(project, export_id)
    if found is None:
        raise NotFound("There is no such export.")
    return found
