"""Where items come from again and again: databases, folders, buckets, sites; each with its contract and its runs."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.datasets.models import Collection, Dataset, Item
from lifecycle.jobs.models import Job


class Source(TimestampedModel):
    """One place that data comes from, how to read it, what its rows must look like and when to look again."""

    class Kind(models.TextChoices):
        SQL = "sql", "Database"
        FOLDER = "folder", "Server folder"
        BUCKET = "bucket", "Bucket"
        UPLOAD = "upload", "Uploaded files"
        CRAWL = "crawl", "Web crawl"

    class State(models.TextChoices):
        DRAFT = "draft"  # being set up: looked at, never run
        ACTIVE = "active"
        PAUSED = "paused"  # keeps its schedule and does not follow it

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=16, choices=Kind)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    config = models.JSONField(default=dict)  # contracts.sources.*Config, or contracts.crawl's; nothing secret
    secrets = models.TextField(blank=True)  # common.secrets: {name: value}, encrypted
    secret_names = models.JSONField(default=list)  # what is set, so that a page need not decrypt
    mapping = models.JSONField(default=dict)  # contracts.ingest.ColumnMapping; empty: guessed
    contract = models.JSONField(default=dict)  # the newest ContractVersion's; empty: inferred by the first run
    license = models.CharField(max_length=100, blank=True)
    preview = models.JSONField(default=dict)  # contracts.sources.SourcePreview, once looked at
    preview_job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    cursor_value = models.JSONField(default=dict)  # {"type", "value"}: how far an incremental source has been read
    cron = models.CharField(max_length=100, blank=True)  # five fields, UTC
    interval_minutes = models.PositiveIntegerField(null=True, blank=True)  # instead of cron
    is_scheduled = models.BooleanField(default=False)
    next_run_at = models.DateTimeField(null=True, blank=True)
    last_collection = models.ForeignKey(Collection, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_run_at"], condition=models.Q(next_run_at__isnull=False), name="source_due")
        ]

    def __str__(self) -> str:
        return self.title


class ContractVersion(models.Model):
    """A contract as it was from one moment to the next. Never changed."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="contract_versions")
    number = models.PositiveIntegerField()
    contract = models.JSONField()  # contracts.sources.Contract
    origin = models.CharField(max_length=20)  # preview | first run | edited
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="contract_number_once")]


class SourceRun(TimestampedModel):
    """One run of a source: its collection has the counts, this row what only a source knows."""

    class Trigger(models.TextChoices):
        PERSON = "person", "by hand"
        SCHEDULE = "schedule", "on schedule"
        FIX = "fix", "corrected file"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    collection = models.OneToOneField(Collection, on_delete=models.CASCADE, related_name="source_run")
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.PERSON)
    is_full = models.BooleanField(default=False)  # the cursor was not used: everything was read again
    contract_number = models.PositiveIntegerField(null=True, blank=True)
    cursor_before = models.JSONField(default=dict)
    cursor_after = models.JSONField(default=dict)
    read = models.BigIntegerField(default=0)  # rows or files that came from the source
    updated = models.BigIntegerField(default=0)  # rows whose content was another one before
    gone = models.BigIntegerField(null=True, blank=True)  # rows and files not seen any more; null: it could not know
    notes = models.JSONField(default=list)  # sentences: a column that is new, a file that was skipped …
    observed = models.JSONField(default=dict)  # {column: {"minimum", "maximum", "missing", "values"}}
    files_token = models.CharField(max_length=32, blank=True)  # of the working files whose parts are being loaded

    class Meta:
        ordering = ["-id"]


class SourceRow(models.Model):
    """Which item a row or file of a source is now. Written in bulk; the key never changes."""

    source = models.ForeignKey(  # found by the constraint below
        Source, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    key_hash = models.CharField(max_length=32)  # of the key columns' values, or of the file's path
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="source_rows")
    collection = models.ForeignKey(  # that last changed it
        Collection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    path_hash = models.CharField(max_length=32, default="", blank=True)  # of its file; "": of several, or not known
    gone_at = models.DateTimeField(null=True, blank=True)  # not seen any more where it stood
    excluded_at = models.DateTimeField(null=True, blank=True)  # its item was excluded for it, with this very time
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key_hash"], name="source_row_once")]
        indexes = [models.Index(fields=["source"], condition=models.Q(gone_at__isnull=False), name="source_row_gone")]


class SourceRowChange(models.Model):
    """A row of a source got other content: the old item, the new one, and which collection brought it. Where it got
    another label only, both are the same item."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="row_changes")
    key = models.CharField(max_length=300)  # as a person reads it: id=17
    key_hash = models.CharField(max_length=32)
    old_item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="replacements")
    new_item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="replaced")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="row_changes")
    is_excluded = models.BooleanField(default=False)  # the old item was excluded then, with this very time
    old_label = models.TextField(null=True, blank=True)  # what counted before, where only the label changed
    new_label = models.TextField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["source", "key_hash"], name="row_change_key")]


class SourceObject(models.Model):
    """A file of a folder or an object of a bucket as it was when it last came in, so that only changes are read."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="known_objects")
    path_hash = models.CharField(max_length=32)
    path = models.TextField()
    mark = models.CharField(max_length=200)  # etag, or size and time
    gone_at = models.DateTimeField(null=True, blank=True)  # not listed any more; read as a new file if it comes back
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "path_hash"], name="source_object_once")]
