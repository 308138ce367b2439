"""Items, where they came from, and immutable versions of them."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class Dataset(TimestampedModel):
    """A growing set of items. A project starts with one named "main"."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="datasets")
    name = models.SlugField(max_length=60, default="main")
    item_kind = models.CharField(max_length=8)  # contracts.problems.ItemKind
    split_ratios = models.JSONField(default=dict)  # {"train": .8, "validation": .1, "test": .1}
    split_seed = models.IntegerField(default=0)
    columns = models.JSONField(default=list)  # rows only: [{"name", "kind": number|category|date|text}]
    mapping = models.JSONField(default=dict)  # the last contracts.ingest.ColumnMapping used

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="dataset_name_once")]


class Upload(TimestampedModel):
    """One uploaded file, already in blob storage, waiting for or used by a collection."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255)
    blob = models.CharField(max_length=64)
    byte_size = models.BigIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")


class Collection(TimestampedModel):
    """One run of one source: what was asked for, and what came of it."""

    class Kind(models.TextChoices):
        UPLOAD = "upload"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="collections")
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.UPLOAD)
    title = models.CharField(max_length=200)
    spec = models.JSONField(default=dict)
    license = models.CharField(max_length=100, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    accepted = models.BigIntegerField(default=0)  # items that are new in the dataset
    duplicates = models.BigIntegerField(default=0)  # already there, or twice in the import
    rejected = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]


class CollectionReject(models.Model):
    """One file or row that was set aside, and why."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="rejects")
    source = models.CharField(max_length=500)
    line = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["id"]


class Item(models.Model):
    """One image, text or row, addressed by the hash of its content. Its content never changes.

    `label` is the label that counts now (a class name, or a number as text), written by the annotations room
    through `datasets.services`; `label_annotation_id` says which annotation it came from.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="items")
    content_hash = models.CharField(max_length=64)
    blob = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    row = models.JSONField(null=True, blank=True)
    mime = models.CharField(max_length=60, blank=True)
    width = models.IntegerField(null=True, blank=True)
    height = models.IntegerField(null=True, blank=True)
    byte_size = models.BigIntegerField(default=0)

    label = models.TextField(null=True, blank=True)
    label_annotation_id = models.BigIntegerField(null=True, blank=True)
    labeled_at = models.DateTimeField(null=True, blank=True)
    group = models.CharField(max_length=200, blank=True)
    given_split = models.CharField(max_length=10, blank=True)  # as imported; overrides the ratio
    excluded_at = models.DateTimeField(null=True, blank=True)

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="items")
    source_uri = models.TextField(blank=True)  # file name in the archive, row number, URL …
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "content_hash"], name="item_content_once")]
        indexes = [
            models.Index(fields=["dataset", "-id"], name="item_newest"),
            models.Index(fields=["dataset", "label", "-id"], name="item_label"),
            models.Index(fields=["collection", "id"], name="item_collection"),
        ]


class DatasetVersion(TimestampedModel):
    """An immutable snapshot: items, labels, splits. Same content gives the same `content_hash`."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    message = models.CharField(max_length=300, blank=True)
    content_hash = models.CharField(max_length=64, db_index=True)
    manifest_blob = models.CharField(max_length=64)  # Parquet, columns as contracts.training.DatasetFiles says
    classes = models.JSONField(default=list)
    item_count = models.BigIntegerField()
    labeled_count = models.BigIntegerField()
    summary = models.JSONField(default=dict)  # {"splits": {split: n}, "balance": {split: {label: n}}}
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="version_number_once")]

    def __str__(self) -> str:
        return f"v{self.number}"
