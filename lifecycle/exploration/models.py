"""What a dataset looks like: profiles, findings worth a look, tags on items, saved views."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.contracts.profile import ROW_TOLERANCE
from lifecycle.datasets.models import Dataset, DatasetVersion, Item
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class Profile(TimestampedModel):
    """One look at everything in a dataset, as it was then, or at a version of it."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="profiles")
    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    format = models.PositiveIntegerField()  # contracts.profile.PROFILE_FORMAT
    item_count = models.BigIntegerField()
    result = models.JSONField()  # contracts.profile.ProfileResult.profile
    seconds = models.FloatField(default=0)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["dataset", "version", "-id"], name="profile_newest")]

    def __str__(self) -> str:
        return f"profile {self.pk}"


class ItemFacts(models.Model):
    """What a profile measured of one item's content; content never changes, so it is measured once."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, primary_key=True, related_name="facts")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+")
    words = models.IntegerField(null=True)
    language = models.CharField(max_length=8, null=True)  # ISO 639-1; empty: too short to tell; null: not looked up
    is_damaged = models.BooleanField(null=True)  # text with signs of a wrong encoding
    brightness = models.FloatField(null=True)  # mean gray, 0..1
    contrast = models.FloatField(null=True)  # standard deviation of gray, 0..0.5
    sharpness = models.FloatField(null=True)  # variance of the Laplacian at 256 pixels
    channels = models.SmallIntegerField(null=True)
    is_corrupt = models.BooleanField(null=True)

    class Meta:
        indexes = [models.Index(fields=["dataset", "language"], name="facts_language")]

    def __str__(self) -> str:
        return f"facts of item {self.item_id}"


class Scan(TimestampedModel):
    """One search for faults in what is in a dataset; the newest finished one counts."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="scans")
    item_count = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)  # {finding kind: items}
    notes = models.JSONField(default=dict)  # {finding kind: what was looked at, or why not}
    columns = models.JSONField(default=list)  # suspected features: {"column", "kind", "score", "reason"}
    row_tolerance = models.FloatField(default=ROW_TOLERANCE)  # contracts.profile.FindingsSpec
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["dataset", "-id"], name="scan_newest")]

    def __str__(self) -> str:
        return f"scan {self.pk}"


class Finding(models.Model):
    """One item in one list of a scan, with the reason why it is there."""

    scan = models.ForeignKey(Scan, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=20)  # contracts.profile.FindingKind
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="findings")
    rank = models.PositiveIntegerField()
    score = models.FloatField()
    reason = models.CharField(max_length=300)
    other = models.ForeignKey(Item, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    cluster = models.PositiveIntegerField(default=0)
    suggestion = models.TextField(blank=True, default="")
    is_likely = models.BooleanField(default=True, db_default=True)  # above the cut of its list; the others come after

    class Meta:
        ordering = ["rank"]
        constraints = [models.UniqueConstraint(fields=["scan", "kind", "item"], name="finding_once")]
        indexes = [models.Index(fields=["scan", "kind", "rank"], name="finding_rank")]

    def __str__(self) -> str:
        return self.reason


class KeptItem(models.Model):
    """Somebody looked and said that all is well: this item is not shown in this list again."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)  # contracts.profile.FindingKind
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "kind"], name="kept_once")]

    def __str__(self) -> str:
        return f"item {self.item_id} kept in {self.kind}"


class Tag(TimestampedModel):
    """A word that people put on items."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="tag_name_once")]

    def __str__(self) -> str:
        return self.name


class ItemTag(models.Model):
    """One tag on one item."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="uses")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="tags")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tag", "item"], name="tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} on item {self.item_id}"


class ItemAct(TimestampedModel):
    """One act on any number of items: what was asked, how many it changed, and whether it was taken back."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="item_acts")
    action = models.CharField(max_length=10)  # exploration.rules.ACTIONS
    kind = models.CharField(max_length=20, blank=True)  # of keep and unkeep: contracts.profile.FindingKind
    tag = models.CharField(max_length=50, blank=True)  # of tag and untag
    query = models.TextField(blank=True)  # datasets.filters, where a job has yet to look up what matches
    newest_item_id = models.BigIntegerField(default=0)  # what came in later does not match
    item_ids = ArrayField(models.BigIntegerField(), null=True)  # null: not looked up yet; emptied when it is done
    reached = models.BigIntegerField(default=0)  # items that the act was asked for
    changed = models.BigIntegerField(default=0)  # of these, those that were not so already
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")  # null: at once
    undo_job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"act {self.pk}: {self.action}"


class ItemActBatch(models.Model):
    """What one batch of an act changed, so that exactly that can be taken back."""

    act = models.ForeignKey(ItemAct, on_delete=models.CASCADE, related_name="batches", db_index=False)
    number = models.PositiveIntegerField()
    item_ids = ArrayField(models.BigIntegerField())
    before = models.JSONField(default=list)  # of label: annotations.services.reopening.Before
    is_undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["act", "number"], name="act_batch_once")]

    def __str__(self) -> str:
        return f"batch {self.number} of act {self.act_id}"


class SavedView(TimestampedModel):
    """What a page shows under a name, shared in the project: filters, colors, a place on the map."""

    class Page(models.TextChoices):
        ITEMS = "items", "Gallery"
        MAP = "map", "Map"
        FINDINGS = "findings", "List of findings"
        PROFILE = "profile", "Profile"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=10, choices=Page, default=Page.ITEMS, db_default=Page.ITEMS)
    name = models.CharField(max_length=80)
    query = models.TextField(blank=True)  # as exploration.view_queries writes it for this page
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "page", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name
