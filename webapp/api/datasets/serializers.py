"""Data as JSON: shapes in, shapes out."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lifecycle.datasets import rules
from lifecycle.datasets.manifests import CHANGES
from lifecycle.datasets.models import Collection, CollectionReject, Dataset, DatasetVersion, Item, Upload
from lifecycle.datasets.selectors import list_rejects
from lifecycle.datasets.services.items import MAX_AT_ONCE
from lifecycle.datasets.services.uploads import MAX_NAME_CHARS
from lifecycle.datasets.splitting import EVENT_TIME, KINDS

BIGINT = (1 << 63) - 1


class SplitRatios(serializers.Serializer):
    train = serializers.FloatField(min_value=0, max_value=100)
    validation = serializers.FloatField(min_value=0, max_value=100)
    test = serializers.FloatField(min_value=0, max_value=100)


class DatasetOut(serializers.ModelSerializer):
    columns = serializers.ListField(child=serializers.DictField(), read_only=True)
    split_ratios = serializers.DictField(child=serializers.FloatField(), read_only=True)
    split_policy = serializers.DictField(read_only=True)

    class Meta:
        model = Dataset
        fields = ("id", "name", "item_kind", "split_ratios", "split_policy", "columns", "created_at")


class SplitPolicyIn(serializers.Serializer):
    kind = serializers.ChoiceField(choices=KINDS)
    column = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=200,
        help_text=f"group, time: a column of a table; time: {EVENT_TIME} goes by the date that each item is of; empty: "
        "the group as imported, the time it came in",
    )  # fmt: skip


class DatasetChange(serializers.Serializer):
    split_ratios = SplitRatios()
    split_policy = SplitPolicyIn(required=False)


class UploadStart(serializers.Serializer):
    name = serializers.CharField(max_length=MAX_NAME_CHARS, help_text="file name, with folders if it has any")
    byte_size = serializers.IntegerField(min_value=1, max_value=BIGINT)
    collection = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=BIGINT)


class UploadQuery(serializers.Serializer):
    unfinished = serializers.BooleanField(required=False, default=False)
    collection = serializers.IntegerField(required=False, min_value=1, max_value=BIGINT)


class UploadOut(serializers.ModelSerializer):
    is_complete = serializers.SerializerMethodField()
    collection = serializers.IntegerField(source="collection_id", allow_null=True)

    class Meta:
        model = Upload
        fields = ("id", "name", "byte_size", "received", "is_complete", "collection", "created_at")

    def get_is_complete(self, upload) -> bool:
        return upload.completed_at is not None


class Mapping(serializers.Serializer):
    """Which column plays which part; empty features mean all others."""

    text = serializers.CharField(required=False, allow_blank=True, max_length=200)
    label = serializers.CharField(required=False, allow_blank=True, max_length=200)  # type: ignore[assignment]
    group = serializers.CharField(required=False, allow_blank=True, max_length=200)
    split = serializers.CharField(required=False, allow_blank=True, max_length=200)
    time = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="the moment that an item is of"
    )
    features = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=2_000)
    kinds = serializers.DictField(child=serializers.CharField(max_length=10), required=False)


class CollectionStart(serializers.Serializer):
    uploads = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGINT), required=False, max_length=100_000
    )
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    license = serializers.CharField(required=False, allow_blank=True, max_length=100)
    mapping = Mapping(required=False)
    folders_are_labels = serializers.BooleanField(required=False, default=True)
    start = serializers.BooleanField(required=False, default=True, help_text="false makes a draft to inspect first")


class ImportStart(serializers.Serializer):
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    license = serializers.CharField(required=False, allow_blank=True, max_length=100)
    mapping = Mapping(required=False)
    folders_are_labels = serializers.BooleanField(required=False, default=True)
    contract = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="tables only: rows that break the contract of uploads with these columns are quarantined, and a "
        "changed row with the same key takes the place of the old one; the first import infers it. Left out or null: "
        "true for tables that were looked at first (`preview`), as on the page; false for all else",
    )


class CollectionOut(serializers.ModelSerializer):
    state = serializers.SerializerMethodField(help_text="draft, queued, running, succeeded, failed or canceled")
    job = serializers.IntegerField(source="job_id", allow_null=True)
    error = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username")
    spec = serializers.DictField(read_only=True)
    updated = serializers.IntegerField(
        source="source_run.updated", default=0, read_only=True,
        help_text="of the accepted items those that took the place of older ones: rows and pages that changed",
    )  # fmt: skip

    class Meta:
        model = Collection
        fields = (
            "id", "title", "state", "accepted", "updated", "duplicates", "rejected", "labeled", "disputed", "license",
            "spec", "job", "error", "created_by", "created_at", "finished_at",
        )  # fmt: skip

    def get_state(self, collection) -> str:
        if collection.is_draft:
            return "draft"
        # a job that has finished its import still tidies up
        is_done = collection.finished_at and (collection.job is None or collection.job.state == "running")
        return "succeeded" if is_done else collection.job.state

    def get_error(self, collection) -> str:
        if collection.job and collection.job.error:
            return collection.job.error
        if collection.finished_at and collection.rejected and not collection.accepted + collection.duplicates:
            first = list_rejects(collection).order_by("pk").first()
            return f"Nothing was taken: {first.reason}." if first else ""
        return ""


class PreviewOut(serializers.Serializer):
    is_ready = serializers.BooleanField()
    preview = serializers.DictField(help_text="contracts.ingest.IngestPreview; empty until it is ready")
    job = serializers.IntegerField(allow_null=True)


class RejectOut(serializers.ModelSerializer):
    class Meta:
        model = CollectionReject
        fields = ("source", "line", "reason")


class ItemOut(serializers.ModelSerializer):
    collection = serializers.IntegerField(source="collection_id")
    is_excluded = serializers.SerializerMethodField()
    row = serializers.SerializerMethodField()
    image_url = serializers.SerializerMethodField()
    sound_url = serializers.SerializerMethodField()

    class Meta:
        model = Item
        fields = (
            "id", "content_hash", "label", "split", "given_split", "group", "is_excluded", "text", "row", "image_url",
            "sound_url", "mime", "width", "height", "byte_size", "collection", "source_uri", "event_time",
            "event_time_origin", "created_at", "labeled_at",
        )  # fmt: skip

    def get_is_excluded(self, item) -> bool:
        return item.excluded_at is not None

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def get_row(self, item):
        return item.row

    def get_image_url(self, item) -> str | None:
        return self._find_file(item) if item.is_picture else None

    def get_sound_url(self, item) -> str | None:
        return self._find_file(item) if item.is_sound else None

    def _find_file(self, item) -> str:
        return reverse("api-datasets:item-file", args=[self.context["slug"], item.pk])


class ItemChange(serializers.Serializer):
    is_excluded = serializers.BooleanField()


class ItemsChange(serializers.Serializer):
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGINT), min_length=1, max_length=MAX_AT_ONCE
    )
    is_excluded = serializers.BooleanField()


class Changed(serializers.Serializer):
    changed = serializers.IntegerField()


class ItemPageOut(serializers.Serializer):
    count = serializers.IntegerField(allow_null=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ItemOut(many=True)


class VersionsQuery(serializers.Serializer):
    """What of the versions to list."""

    archived = serializers.BooleanField(default=False, help_text="archived ones among the others")


class VersionCommit(serializers.Serializer):
    message = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class VersionOut(serializers.ModelSerializer):
    parent = serializers.IntegerField(source="parent.number", allow_null=True, default=None)  # type: ignore[assignment]
    created_by = serializers.CharField(source="created_by.username")
    summary = serializers.DictField(read_only=True)
    classes = serializers.ListField(child=serializers.CharField(), read_only=True)
    tags = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = DatasetVersion
        fields = (
            "number", "parent", "message", "content_hash", "item_count", "labeled_count", "classes", "summary", "tags",
            "archived_at", "created_by", "created_at",
        )  # fmt: skip


class JobStarted(serializers.Serializer):
    job = serializers.IntegerField()
    state = serializers.CharField()


class DiffQuery(serializers.Serializer):
    change = serializers.ChoiceField(choices=CHANGES, required=False)
    page = serializers.IntegerField(required=False, default=1, min_value=1, max_value=100_000)


class LabelAuthor(serializers.Serializer):
    """Who gave a label and when: by hand, with data that they brought in, or out of several answers."""

    username = serializers.CharField()
    at = serializers.DateTimeField()
    is_import = serializers.BooleanField()
    is_consensus = serializers.BooleanField()


class DiffLine(serializers.Serializer):
    item_id = serializers.IntegerField()
    old_label = serializers.CharField(allow_null=True)
    new_label = serializers.CharField(allow_null=True)
    old_split = serializers.CharField(allow_null=True)
    new_split = serializers.CharField(allow_null=True)
    old_annotation_id = serializers.IntegerField(allow_null=True)
    new_annotation_id = serializers.IntegerField(allow_null=True)
    old_author = serializers.SerializerMethodField()
    new_author = serializers.SerializerMethodField()
    old_event_time = serializers.DateTimeField(allow_null=True)
    new_event_time = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(LabelAuthor(allow_null=True))
    def get_old_author(self, line):
        return self._describe(line.old_annotation_id)

    @extend_schema_field(LabelAuthor(allow_null=True))
    def get_new_author(self, line):
        return self._describe(line.new_annotation_id)

    def _describe(self, annotation_id: int | None):
        author = self.context["authors"].get(annotation_id)
        return LabelAuthor(author).data if author else None


class DiffOut(serializers.Serializer):
    counts = serializers.DictField(child=serializers.IntegerField())
    change = serializers.CharField()
    results = DiffLine(many=True)


class VersionItemsQuery(serializers.Serializer):
    split = serializers.ChoiceField(choices=rules.SPLITS, required=False, default="")
    label = serializers.CharField(required=False, max_length=200)  # type: ignore[assignment]
    page = serializers.IntegerField(required=False, default=1, min_value=1, max_value=100_000)


class VersionLine(serializers.Serializer):
    item_id = serializers.IntegerField()
    split = serializers.CharField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]


class VersionItemsOut(serializers.Serializer):
    count = serializers.IntegerField()
    results = VersionLine(many=True)
