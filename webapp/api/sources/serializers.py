"""Sources as JSON: shapes in, shapes out. A secret goes in and never out."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.contracts.sources import COLUMN_TYPES, NEW_COLUMN_RULES
from lifecycle.sources.models import ContractVersion, Source, SourceRow, SourceRowChange, SourceRun
from webapp.api.datasets.serializers import BIGINT, CollectionOut, Mapping


class ColumnRule(serializers.Serializer):
    name = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(COLUMN_TYPES)
    required = serializers.BooleanField(required=False, default=False)  # type: ignore[assignment]
    minimum = serializers.CharField(required=False, allow_null=True, help_text="a number, or a date as ISO text")
    maximum = serializers.CharField(required=False, allow_null=True)
    allowed = serializers.ListField(child=serializers.CharField(max_length=1_000), required=False, max_length=10_000)
    pattern = serializers.CharField(
        required=False, allow_blank=True, max_length=1_000, help_text="RE2, of the whole cell"
    )


class Contract(serializers.Serializer):
    """What the rows of a source must look like."""

    columns = ColumnRule(many=True)
    key = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, max_length=50,
        help_text="columns that say which row it is: a row with a known key and new content is an update",
    )  # fmt: skip
    new_columns = serializers.ChoiceField(NEW_COLUMN_RULES, required=False, default="ignore")


class SecretValues(serializers.Serializer):
    """Values by name: password, ca_certificate (PEM); access_key_id, secret_access_key, session_token. An empty one is
    removed."""

    values = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=10_000, trim_whitespace=False)
    )


class SourceStart(serializers.Serializer):
    kind = serializers.ChoiceField([kind for kind in Source.Kind.values if kind != "crawl"])
    title = serializers.CharField(max_length=200)
    config = serializers.DictField(required=False, default=dict, help_text="see the help: url, query …; path; bucket …")
    secrets = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=10_000, trim_whitespace=False), required=False,
        write_only=True,
    )  # fmt: skip
    license = serializers.CharField(required=False, allow_blank=True, max_length=100)
    mapping = Mapping(required=False)
    contract = Contract(required=False, help_text="inferred by the first run when it is not given")


class SourceChange(serializers.Serializer):
    title = serializers.CharField(required=False, max_length=200)
    config = serializers.DictField(required=False)
    license = serializers.CharField(required=False, allow_blank=True, max_length=100)
    mapping = Mapping(required=False)


class Schedule(serializers.Serializer):
    cron = serializers.CharField(required=False, allow_blank=True, max_length=100, help_text="five fields, UTC")
    interval_minutes = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=600_000)
    is_scheduled = serializers.BooleanField(required=False, default=True)


class RunStart(serializers.Serializer):
    is_full = serializers.BooleanField(required=False, default=False, help_text="read everything again")
    uploads = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGINT), required=False, max_length=100_000,
        help_text="files that are read instead of the source, under the same contract: a corrected quarantine",
    )  # fmt: skip


class SourceOut(serializers.ModelSerializer):
    config = serializers.DictField(read_only=True)
    secret_names = serializers.ListField(child=serializers.CharField(), read_only=True)
    mapping = serializers.DictField(read_only=True)
    contract = serializers.DictField(read_only=True)
    cursor_value = serializers.DictField(read_only=True)
    last_collection = serializers.IntegerField(source="last_collection_id", allow_null=True)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = Source
        fields = (
            "id", "kind", "title", "state", "config", "secret_names", "mapping", "contract", "license", "cursor_value",
            "cron", "interval_minutes", "is_scheduled", "next_run_at", "last_collection", "created_by", "created_at",
        )  # fmt: skip


class SourcePreviewOut(serializers.Serializer):
    is_ready = serializers.BooleanField()
    preview = serializers.DictField(help_text="contracts.sources.SourcePreview; empty until it is ready")
    job = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()


class SourceRunOut(serializers.ModelSerializer):
    collection = CollectionOut(read_only=True)
    notes = serializers.ListField(child=serializers.CharField(), read_only=True)
    observed = serializers.DictField(read_only=True)
    cursor_before = serializers.DictField(read_only=True)
    cursor_after = serializers.DictField(read_only=True)

    class Meta:
        model = SourceRun
        fields = (
            "id", "trigger", "is_full", "contract_number", "read", "updated", "gone", "notes", "observed",
            "cursor_before", "cursor_after", "collection",
        )  # fmt: skip
        extra_kwargs = {"gone": {"help_text": "rows and files not seen any more; null where the run could not know"}}


class ContractVersionOut(serializers.ModelSerializer):
    contract = serializers.DictField(read_only=True)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = ContractVersion
        fields = ("number", "contract", "origin", "created_by", "created_at")


class RowChangeOut(serializers.ModelSerializer):
    old_item = serializers.IntegerField(source="old_item_id")
    new_item = serializers.IntegerField(source="new_item_id")
    collection = serializers.IntegerField(source="collection_id")

    class Meta:
        model = SourceRowChange
        fields = (
            "key", "old_item", "new_item", "old_label", "new_label", "collection", "is_excluded", "changed_at",
        )  # fmt: skip


class SourceGoneChange(serializers.Serializer):
    is_excluded = serializers.BooleanField(
        help_text="true: exclude the items of rows and files that are gone; false: undo that"
    )


class SourceGoneOut(serializers.Serializer):
    items = serializers.IntegerField(help_text="whose rows or files the source does not have any more")
    standing = serializers.IntegerField(help_text="those of them that count and came from this source only")
    excluded = serializers.IntegerField(help_text="those of them that were excluded for it")


class GoneItemOut(serializers.ModelSerializer):
    item = serializers.IntegerField(source="item_id")
    source_uri = serializers.CharField(source="item.source_uri")
    is_excluded = serializers.SerializerMethodField()

    class Meta:
        model = SourceRow
        fields = ("item", "source_uri", "gone_at", "is_excluded")

    def get_is_excluded(self, row) -> bool:
        return row.item.excluded_at is not None
