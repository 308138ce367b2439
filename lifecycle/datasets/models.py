"""Items, where they came from, and immutable versions of them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.contracts.sounds import is_sound
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class Dataset(TimestampedModel):
    """A growing set of items. A project starts with one named "main"."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="datasets")
    name = models.SlugField(max_length=60, default="main")
    item_kind = models.CharField(max_length=8)  # contracts.problems.ItemKind
    split_ratios = models.JSONField(default=dict)  # {"train": .8, "validation": .1, "test": .1}
    split_seed = models.IntegerField(default=0)
    split_policy = models.JSONField(default=dict)  # datasets.splitting.SplitPolicy; empty means by share alone
    splits_are_stale = models.BooleanField(default=False)  # new shares or policy, not yet applied to free items
    columns = models.JSONField(default=list)  # rows only: [{"name", "kind": number|category|date|text}]
    spreads = models.JSONField(default=dict)  # rows only: {column: width}, which is close in fingerprints of rows
    mapping = models.JSONField(default=dict)  # the last contracts.ingest.ColumnMapping used
    printed_to = models.BigIntegerField(default=0, db_default=0)  # texts, pictures: items up to here have been tried
    viewed_to = models.BigIntegerField(
        default=0, db_default=0
    )  # pictures: items up to here have prints, or can have none
    compared_to = models.BigIntegerField(default=0, db_default=0)  # prints of pictures up to here have been compared

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="dataset_name_once")]


class Collection(TimestampedModel):
    """One run of one source: what was asked for, and what came of it. Without a job it is a draft."""

    class Kind(models.TextChoices):  # those of sources.Source, which stands above
        UPLOAD = "upload", "Uploaded files"
        SQL = "sql", "Database"
        FOLDER = "folder", "Server folder"
        BUCKET = "bucket", "Bucket"
        CRAWL = "crawl", "Web crawl"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="collections")
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.UPLOAD)
    title = models.CharField(max_length=200)
    spec = models.JSONField(default=dict)  # {"mapping": contracts.ingest.ColumnMapping, "folders_are_labels": bool}
    preview = models.JSONField(default=dict)  # contracts.ingest.IngestPreview, once inspected
    license = models.CharField(max_length=100, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    accepted = models.BigIntegerField(default=0)  # items that are new in the dataset
    duplicates = models.BigIntegerField(default=0)  # already there, or twice in the import
    rejected = models.BigIntegerField(default=0)
    labeled = models.BigIntegerField(default=0)  # labels that were new or different
    disputed = models.BigIntegerField(default=0, db_default=0)  # items that the import gave more than one label
    loaded_parts = models.PositiveIntegerField(default=0)  # how far a killed import got: parts in the database
    labels_differ = models.BooleanField(default=False)  # a part said something else about an item that was there
    event_times_differ = models.BooleanField(default=False, db_default=False)  # the same of moments items are of
    rejects_blob = models.CharField(max_length=64, blank=True)  # JSON lines of all contracts.ingest.Reject
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_draft(self) -> bool:
        """Files may still be added, and the mapping changed; what a request of a script brought has no job."""
        return self.finished_at is None and (self.job is None or self.job.kind == "inspect")


class Upload(TimestampedModel):
    """One file on its way in, or complete and waiting for its collection. Its bytes are blobs, in order."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, null=True, blank=True, related_name="uploads")
    name = models.CharField(max_length=500)  # with the folders the person dropped
    byte_size = models.BigIntegerField()  # as announced
    received = models.BigIntegerField(default=0)
    parts = models.JSONField(default=list)  # blob names in order
    completed_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["collection", "id"], name="upload_collection")]

    def __str__(self) -> str:
        return self.name


class CollectionReject(models.Model):
    """One file or row that was set aside, and why. The first thousands; all are in `Collection.rejects_blob`.

    A crawl has no such file: its pages come one by one, and each batch keeps what it set aside here, with the cells.
    """

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="rejects")
    source = models.CharField(max_length=500)
    line = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=500)
    row = models.JSONField(null=True, blank=True)  # of a crawl: the cells by column

    class Meta:
        ordering = ["id"]


class Item(models.Model):
    """One image, text or row, addressed by the hash of its content. Its content never changes. A row may have a sound:
    `blob` and `mime` are then those of the sound, and a cell of the row refers to it (contracts.sounds).

    `label` is the label that counts now (a class name, or a number as text), written by the annotations room
    through `datasets.services`; `label_annotation_id` says which annotation it came from.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="items", db_index=False)
    content_hash = models.CharField(max_length=64)
    blob = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    row = models.JSONField(null=True, blank=True)
    mime = models.CharField(max_length=60, blank=True)
    width = models.IntegerField(null=True, blank=True)
    height = models.IntegerField(null=True, blank=True)
    byte_size = models.BigIntegerField(default=0)
    fingerprint = models.BigIntegerField(null=True, blank=True)  # 64 bits: close for near-duplicates; of rows equal

    label = models.TextField(null=True, blank=True)
    label_annotation_id = models.BigIntegerField(null=True, blank=True)
    labeled_at = models.DateTimeField(null=True, blank=True)
    group = models.CharField(max_length=200, blank=True)
    given_split = models.CharField(max_length=10, blank=True)  # as imported; overrides the ratio
    split = models.CharField(max_length=10, blank=True)  # decided once, by datasets.rules, when the item came in
    excluded_at = models.DateTimeField(null=True, blank=True)

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="items", db_index=False)
    source_uri = models.TextField(blank=True)  # file name in the archive, row number, URL …
    event_time = models.DateTimeField(null=True, blank=True)  # what moment it is of, not when it came in
    event_time_origin = models.CharField(max_length=200, blank=True, default="", db_default="")  # who says so
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "content_hash"], name="item_content_once")]
        indexes = [
            models.Index(fields=["dataset", "id"], name="item_newest"),  # read backwards; it grows at its end
            models.Index(fields=["dataset", "label", "-id"], name="item_label"),
            models.Index(fields=["dataset", "split", "-id"], name="item_split"),
            models.Index(fields=["collection", "id"], name="item_collection"),
            models.Index(
                fields=["dataset", "label", "split"],
                condition=models.Q(excluded_at__isnull=False),
                name="item_excluded",
            ),
            models.Index(
                fields=["dataset", "event_time", "id"],
                condition=models.Q(event_time__isnull=False),
                name="item_event_time",
            ),
            models.Index(fields=["dataset", "group"], condition=~models.Q(group=""), name="item_group"),
            models.Index(
                fields=["dataset", "id"],
                include=["fingerprint", "split"],
                condition=models.Q(fingerprint__isnull=False),
                name="item_fingerprint",
            ),
            models.Index(  # rows that datasets.services.row_prints has yet to give one; as a rule there are none
                fields=["dataset", "id"],
                condition=models.Q(fingerprint__isnull=True, row__isnull=False, blob=""),
                name="item_unprinted",
            ),
            models.Index(  # texts and pictures for datasets.services.content_prints, or tried by it in vain
                fields=["dataset", "id"],
                condition=models.Q(fingerprint__isnull=True, row__isnull=True),
                name="item_unprinted_content",
            ),
        ]

    @property
    def is_sound(self) -> bool:
        """Its file is a sound, and `row` refers to it."""
        return bool(self.blob) and is_sound(self.mime)

    @property
    def is_picture(self) -> bool:
        """Its file is a picture, and all there is to see."""
        return bool(self.blob) and not is_sound(self.mime)


class EventTimeChange(models.Model):
    """The moment an item is of became another one: what it was, what it is, and what brought that. Never changed."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="event_time_changes")
    collection = models.ForeignKey(  # null: a version that was restored
        Collection, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    old_time = models.DateTimeField(null=True, blank=True)
    old_origin = models.CharField(max_length=200, blank=True)
    new_time = models.DateTimeField(null=True, blank=True)
    new_origin = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["changed_at"], name="event_time_changed")]


class PicturePrint(models.Model):
    """What a picture is known by when it was cropped (engines.ingest.picture_prints). Ids grow under the lock on the
    dataset's items: what was compared up to an id is compared for good."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="print")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+", db_index=False)
    views = models.BinaryField()  # hashes of the whole picture and of windows of it, 8 bytes each
    thumbnail = models.BinaryField()  # height, width, gray pixels

    class Meta:
        indexes = [models.Index(fields=["dataset", "id"], name="picture_print_order")]


class PictureTwin(models.Model):
    """Two pictures of which one is a copy or a part of the other: they go to the same split. `item` came later."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    likeness = models.FloatField()  # correlation of the two, laid one over the other

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "other"], name="picture_twin_once")]
        indexes = [models.Index(fields=["dataset", "item"], name="picture_twin_newest")]


class Rendition(models.Model):
    """A smaller or browser-friendly picture made from an image blob, kept as a blob of its own."""

    blob = models.CharField(max_length=64)
    size = models.PositiveIntegerField()  # longest side in pixels
    rendered_blob = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["blob", "size"], name="rendition_once")]


class DatasetVersion(TimestampedModel):
    """An immutable snapshot: items, labels, splits. Same content gives the same `content_hash`."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    message = models.CharField(max_length=300, blank=True)
    content_hash = models.CharField(max_length=64, db_index=True)
    manifest_blob = models.CharField(max_length=64)  # format 1: one Parquet; 2: a datasets.chunks.ManifestIndex
    manifest_format = models.PositiveSmallIntegerField(default=1)
    snapshot = models.JSONField(default=dict)  # datasets.services.snapshots.Boundary: what a next commit need not read
    classes = models.JSONField(default=list)
    item_count = models.BigIntegerField()
    labeled_count = models.BigIntegerField()
    summary = models.JSONField(default=dict)  # datasets.manifests.summarize, and under `settings` datasets.settling
    history = models.JSONField(null=True, blank=True)  # pipelines.card_history.History, once a job has counted it
    archived_at = models.DateTimeField(null=True, blank=True)  # out of the lists; what was built on it still reads it
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="version_number_once")]

    def __str__(self) -> str:
        return f"v{self.number}"


class VersionTag(TimestampedModel):
    """A name for a version that may move to another one, such as gold."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="version_tags")
    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="tags")
    name = models.SlugField(max_length=40)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="version_tag_once")]

    def __str__(self) -> str:
        return self.name


class VersionExport(TimestampedModel):
    """A version in the layout of another tool, as one file to download."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="exports")
    layout = models.CharField(max_length=20)  # contracts.exports.LAYOUTS
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    blob = models.CharField(max_length=64, blank=True)  # empty until the job is done
    byte_size = models.BigIntegerField(default=0)
    notes = models.JSONField(default=list)  # sentences: what was left out, and why
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version} as {self.layout}"


class Selection(TimestampedModel):
    """Items that somebody chose by hand, say with a lasso on the map: a list with an address. It never changes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="selections")
    title = models.CharField(max_length=200)
    item_ids = ArrayField(models.BigIntegerField())  # no foreign keys: written at once, read as one filter
    item_count = models.PositiveIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title
