"""What loaders fetch: manifests of versions, their chunks, and the files behind the rows of a chunk."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from lifecycle.datasets import selectors
from lifecycle.datasets.selectors import files
from webapp.api.base import ProjectView
from webapp.files import respond_range

BYTES = {(200, "application/octet-stream"): OpenApiTypes.BINARY}


class ManifestQuery(serializers.Serializer):
    version = serializers.CharField(required=False, default="latest", max_length=60, help_text="number, tag or latest")
    dataset = serializers.CharField(required=False, default="", allow_blank=True, max_length=60)


class ChunkOut(serializers.Serializer):
    blob = serializers.CharField()
    rows = serializers.IntegerField()
    byte_size = serializers.IntegerField(allow_null=True)
    splits = serializers.DictField(
        child=serializers.IntegerField(), allow_null=True, help_text="rows by split; null in versions of before"
    )


class ManifestOut(serializers.Serializer):
    project = serializers.CharField()
    dataset = serializers.CharField()
    number = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())
    content_hash = serializers.CharField()
    item_kind = serializers.CharField()
    problem_type = serializers.CharField()
    label_kind = serializers.CharField()
    classes = serializers.ListField(child=serializers.CharField())
    columns = serializers.ListField(child=serializers.CharField(), help_text="a table's, in the order of its file")
    item_count = serializers.IntegerField()
    splits = serializers.DictField(child=serializers.IntegerField())
    created_at = serializers.DateTimeField()
    chunks = ChunkOut(many=True)


class ManifestView(ProjectView):
    """What a version is made of, for programs that fetch it piece by piece."""

    @extend_schema(parameters=[ManifestQuery], responses=ManifestOut)
    def get(self, request, slug):
        wanted = self.parse(ManifestQuery, data=request.query_params)
        version = selectors.resolve_version(self.project, wanted["version"], wanted["dataset"])
        return Response(ManifestOut(files.describe_manifest(version)).data)


class ChunkView(ProjectView):
    @extend_schema(responses=BYTES)
    def get(self, request, slug, number, digest):
        """One piece of the manifest, as Parquet. Ranges of bytes can be asked for."""
        version = selectors.get_version(self.project, number)
        return respond_range(request, files.find_chunk(version, digest), tag=digest)


class ChunkBlobsView(ProjectView):
    @extend_schema(
        parameters=[OpenApiParameter("rows", str, required=True, description="rows of the chunk, like 0-4,9")],
        responses=BYTES,
    )
    def get(self, request, slug, number, digest):
        """Many small files in one answer: for each its row (4 bytes), its length (8 bytes), both little-endian, and
        its content."""
        version = selectors.get_version(self.project, number)
        chunk = files.find_chunk(version, digest)
        rows = files.parse_rows(request.query_params.get("rows", ""))
        names = files.list_blobs(chunk, rows)
        return StreamingHttpResponse(files.stream_blobs(rows, names), content_type="application/octet-stream")


class ChunkBlobView(ProjectView):
    @extend_schema(responses=BYTES)
    def get(self, request, slug, number, digest, row):
        """The file behind one row of a chunk. Ranges of bytes can be asked for."""
        version = selectors.get_version(self.project, number)
        (name,) = files.list_blobs(files.find_chunk(version, digest), [row])
        return respond_range(request, files.fetch_blob(name), tag=name)
