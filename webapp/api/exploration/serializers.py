"""Profiles, findings, tags and views as JSON: shapes in, shapes out."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.contracts.profile import FindingKind
from lifecycle.datasets.services.selections import MAX_SELECTED
from lifecycle.exploration.models import Finding, ItemAct, Profile, SavedView
from lifecycle.exploration.rules import ACTIONS, MAX_TAG_CHARS, MAX_VIEW_CHARS
from lifecycle.exploration.services.findings import MAX_TOLERANCE

BIGINT = (1 << 63) - 1


class ProfileOut(serializers.ModelSerializer):
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None)
    is_old = serializers.SerializerMethodField(help_text="items, labels or exclusions changed since")
    result = serializers.DictField(help_text="see contracts/profile.py; `format` counts its versions")

    class Meta:
        model = Profile
        fields = ("id", "version", "format", "item_count", "seconds", "created_at", "is_old", "result")

    def get_is_old(self, profile) -> bool:
        return bool(self.context.get("is_old"))


class FindingListOut(serializers.Serializer):
    kind = serializers.ChoiceField(choices=list(FindingKind))
    title = serializers.CharField()
    purpose = serializers.CharField()
    count = serializers.IntegerField(help_text="items nobody has kept or excluded yet")
    note = serializers.CharField(help_text="what was looked at, or why not", allow_blank=True)


class SuspectedColumn(serializers.Serializer):
    column = serializers.CharField()
    kind = serializers.CharField(help_text="leak, missing, identifier, clock, constant or empty")
    score = serializers.FloatField()
    reason = serializers.CharField()


class ScanOut(serializers.Serializer):
    searched_at = serializers.DateTimeField(allow_null=True)
    items = serializers.IntegerField()
    is_old = serializers.BooleanField(help_text="items, labels or exclusions changed since")
    lists = FindingListOut(many=True)
    columns = SuspectedColumn(many=True)
    row_tolerance = serializers.FloatField(allow_null=True, help_text="with which rows were compared")


class ScanStart(serializers.Serializer):
    row_tolerance = serializers.FloatField(
        required=False,
        min_value=0,
        max_value=MAX_TOLERANCE,
        help_text="by how much of a column's range numbers of near-duplicate rows may differ; else as last time",
    )


class FindingsQuery(serializers.Serializer):
    """What of a list to give."""

    whole = serializers.BooleanField(default=False, help_text="also what is ranked below the list's cut")


class FindingOut(serializers.ModelSerializer):
    item = serializers.IntegerField(source="item_id")
    other = serializers.IntegerField(source="other_id", allow_null=True)
    label = serializers.CharField(source="item.label", allow_null=True)  # type: ignore[assignment]
    split = serializers.CharField(source="item.split")

    class Meta:
        model = Finding
        fields = ("rank", "item", "score", "reason", "other", "cluster", "label", "suggestion", "split", "is_likely")


class ItemsAct(serializers.Serializer):
    action = serializers.ChoiceField(choices=ACTIONS)
    items = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGINT), required=False, max_length=MAX_SELECTED
    )
    query = serializers.CharField(
        required=False, allow_blank=True, max_length=20_000, help_text="filters of the gallery, in place of items"
    )
    finding = serializers.ChoiceField(
        choices=list(FindingKind), required=False, help_text="all of this list in place of items; what `keep` is for"
    )
    tag = serializers.CharField(required=False, allow_blank=True, max_length=MAX_TAG_CHARS)


class ActOut(serializers.ModelSerializer):
    """An act on items. `job` does it where the items are many, `undo_job` takes it back."""

    id = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="items that were not so already; so far, while the job works")
    reached = serializers.IntegerField(help_text="items that it was asked for; 0 until a job has looked them up")
    job = serializers.IntegerField(source="job_id", allow_null=True)
    undo_job = serializers.IntegerField(source="undo_job_id", allow_null=True)
    state = serializers.SerializerMethodField(help_text="done, undone, or the state of the job that works on it")

    class Meta:
        model = ItemAct
        fields = ("id", "action", "kind", "tag", "state", "reached", "changed", "job", "undo_job", "created_at")

    def get_state(self, act) -> str:
        job = act.undo_job or act.job
        if job is not None and job.state != "succeeded":
            return job.state
        return "undone" if act.undone_at else "done"


class TagOut(serializers.Serializer):
    name = serializers.CharField()
    items = serializers.IntegerField()


class TagName(serializers.Serializer):
    name = serializers.CharField(max_length=MAX_TAG_CHARS)


class SavedViewOut(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = SavedView
        fields = ("id", "page", "name", "query", "created_by", "updated_at")


class SavedViewIn(serializers.Serializer):
    page = serializers.ChoiceField(choices=SavedView.Page.choices, required=False, default=SavedView.Page.ITEMS)
    name = serializers.CharField(max_length=MAX_VIEW_CHARS)
    query = serializers.CharField(allow_blank=True, required=False, default="", max_length=20_000)
