"""Versions over REST beyond committing: tags, archive, restore, exports, the data card."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from lifecycle.contracts.exports import LAYOUTS
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import VersionExport
from lifecycle.pipelines.card_history import start_card
from lifecycle.pipelines.datacards import find_data_card
from webapp.api.base import ProjectView
from webapp.api.datasets.serializers import JobStarted, VersionOut
from webapp.files import respond_export


class VersionTagIn(serializers.Serializer):
    name = serializers.CharField(max_length=40)


class VersionTagOut(serializers.Serializer):
    name = serializers.CharField()
    version = serializers.IntegerField(source="version.number")
    created_by = serializers.CharField(source="created_by.username")
    updated_at = serializers.DateTimeField()


class ArchiveIn(serializers.Serializer):
    is_archived = serializers.BooleanField()


class ExportIn(serializers.Serializer):
    layout = serializers.ChoiceField(choices=[(layout.key, layout.title) for layout in LAYOUTS.values()])


class ExportOut(serializers.ModelSerializer):
    version = serializers.IntegerField(source="version.number")
    job = serializers.IntegerField(source="job_id", allow_null=True)
    state = serializers.SerializerMethodField(help_text="queued, running, succeeded, failed or canceled")
    notes = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = VersionExport
        fields = ("id", "version", "layout", "state", "job", "byte_size", "notes", "created_by", "created_at")

    def get_state(self, export) -> str:
        return "succeeded" if export.blob else export.job.state if export.job else "failed"


class TagsView(ProjectView):
    """Names on versions that may move."""

    @extend_schema(responses=VersionTagOut(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_tags(self.project), VersionTagOut)


class VersionTagsView(ProjectView):
    @extend_schema(request=VersionTagIn, responses={201: VersionTagOut})
    def post(self, request, slug, number):
        """Give the version a name; a version that had it loses it."""
        version = selectors.get_version(self.project, number)
        tag = services.tag_version(version=version, user=request.user, name=self.parse(VersionTagIn)["name"])
        return Response(VersionTagOut(tag).data, status=status.HTTP_201_CREATED)


class TagView(ProjectView):
    @extend_schema(responses={204: None})
    def delete(self, request, slug, tag):
        """Take a name away; its version stays."""
        services.untag_version(project=self.project, user=request.user, name=tag)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ArchiveView(ProjectView):
    @extend_schema(request=ArchiveIn, responses=VersionOut)
    def post(self, request, slug, number):
        """Take the version out of the lists, or bring it back."""
        version = selectors.get_version(self.project, number)
        is_archived = self.parse(ArchiveIn)["is_archived"]
        version = services.archive_version(version=version, user=request.user, is_archived=is_archived)
        return Response(VersionOut(version).data)


class RestoreView(ProjectView):
    @extend_schema(request=None, responses={202: JobStarted})
    def post(self, request, slug, number):
        """Make the dataset's labels and exclusions what they were in this version; commit afterwards."""
        job = services.start_restore(version=selectors.get_version(self.project, number), user=request.user)
        return Response({"job": job.pk, "state": job.state}, status=status.HTTP_202_ACCEPTED)


class ExportsView(ProjectView):
    """The version in other tools' layouts."""

    @extend_schema(responses=ExportOut(many=True))
    def get(self, request, slug, number):
        version = selectors.get_version(self.project, number)
        return self.respond_page(selectors.list_exports(version), ExportOut)

    @extend_schema(request=ExportIn, responses={202: ExportOut})
    def post(self, request, slug, number):
        """Have it written. What was written before is given back at once."""
        version = selectors.get_version(self.project, number)
        export = services.start_export(version=version, user=request.user, layout=self.parse(ExportIn)["layout"])
        return Response(ExportOut(export).data, status=status.HTTP_202_ACCEPTED)


class ExportView(ProjectView):
    """One export and how far it is."""

    @extend_schema(responses=ExportOut)
    def get(self, request, slug, number, export_id):
        version = selectors.get_version(self.project, number)
        return Response(ExportOut(selectors.get_export(self.project, version, export_id)).data)


class ExportFileView(ProjectView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request, slug, number, export_id):
        """The file. Ranges of bytes can be asked for."""
        version = selectors.get_version(self.project, number)
        return respond_export(request, selectors.get_export(self.project, version, export_id))


class CardView(ProjectView):
    @extend_schema(responses={(200, "text/markdown"): OpenApiTypes.STR, 202: JobStarted})
    def get(self, request, slug, number):
        """The data card: contents, labels, sources, known issues. 202 and a job while a worker counts for it, which
        happens once to a large version."""
        version = selectors.get_version(self.project, number)
        card = find_data_card(version)
        if card is None:
            job = start_card(version)
            return Response({"job": job.pk, "state": job.state}, status=status.HTTP_202_ACCEPTED)
        return HttpResponse(card, content_type="text/markdown; charset=utf-8")
