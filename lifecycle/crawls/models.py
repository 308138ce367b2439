"""Crawls of web sites: what was asked for, the durable frontier, what came of it."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.datasets.models import Collection, Item
from lifecycle.jobs.models import Job
from lifecycle.sources.models import Source


class Crawl(TimestampedModel):
    """One run of a source of kind crawl. Its counts are kept with every batch, so that a page need not count rows."""

    class State(models.TextChoices):
        RUNNING = "running"  # its job waits or works
        PAUSED = "paused"  # goes on where it stopped when somebody says so
        DONE = "done"
        STOPPED = "stopped"  # by a person; what came in stays

    class Wanted(models.TextChoices):
        RUN = "run"
        PAUSE = "pause"
        STOP = "stop"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="crawls")
    collection = models.OneToOneField(Collection, on_delete=models.CASCADE, related_name="crawl")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    wanted = models.CharField(max_length=8, choices=Wanted, default=Wanted.RUN)
    is_seeded = models.BooleanField(default=False)  # all that the crawls before it knew is in its frontier
    spec = models.JSONField(default=dict)  # contracts.crawl.CrawlSpec as it was when the crawl began, without secrets

    found = models.BigIntegerField(default=0)  # addresses in the frontier, in whatever state
    fetched = models.BigIntegerField(default=0)  # addresses that were fetched and kept
    pages = models.BigIntegerField(default=0)  # of them and of the failed, what counts against max_pages
    unchanged = models.BigIntegerField(default=0)
    redirected = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0)
    retries = models.BigIntegerField(default=0)
    items = models.BigIntegerField(default=0)  # items that pages gave, new to the dataset or not
    superseded = models.BigIntegerField(default=0)  # items of changed pages that newer ones replaced
    gone = models.BigIntegerField(default=0)  # pages that gave items and answer 404 or 410 now
    set_aside = models.BigIntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)
    errors = models.JSONField(default=dict)  # {kind: count}, of failed and skipped addresses
    dropped = models.JSONField(default=dict)  # {why: count}, links that were not followed
    history = models.JSONField(default=list)  # [[seconds, fetched, items, waiting, failed]], thinned out
    seconds = models.FloatField(default=0)  # of work, pauses left out
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Crawl {self.pk} of {self.source_id}"

    @property
    def closed(self) -> int:
        """Addresses that need nothing more."""
        return self.fetched + self.unchanged + self.redirected + self.failed + self.skipped

    @property
    def waiting(self) -> int:
        return self.found - self.closed


class CrawlUrl(models.Model):
    """One address of one crawl: the frontier's row. Written in bulk by `services.frontier`."""

    class State(models.TextChoices):
        QUEUED = "queued"
        IN_FLIGHT = "in_flight"  # in the hands of the attempt whose number is `fence`
        DONE = "done"
        UNCHANGED = "unchanged"  # as it was at the crawl before
        REDIRECTED = "redirected"
        FAILED = "failed"
        SKIPPED = "skipped"  # robots.txt, another type …

    crawl = models.ForeignKey(Crawl, on_delete=models.CASCADE, related_name="urls", db_index=False)
    fingerprint = models.UUIDField()  # of the canonical URL
    url = models.TextField()
    host = models.CharField(max_length=260)
    role = models.CharField(max_length=8, default="page")  # contracts.crawl.ROLES
    depth = models.PositiveIntegerField(default=0)
    hops = models.PositiveSmallIntegerField(default=0)
    found_on = models.BigIntegerField(null=True, blank=True)  # the CrawlUrl that led here
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)

    fetched_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveIntegerField(default=0)
    error_kind = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=400, blank=True)
    mime = models.CharField(max_length=60, blank=True)
    byte_size = models.BigIntegerField(default=0)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=300, blank=True)
    body_hash = models.CharField(max_length=32, blank=True)
    robots = models.CharField(max_length=300, blank=True)
    license = models.CharField(max_length=300, blank=True)
    title = models.CharField(max_length=200, blank=True)
    item_count = models.PositiveIntegerField(default=0)
    alt = models.TextField(default="", blank=True)  # of a picture: what the page that led here says of it
    caption = models.TextField(default="", blank=True)
    moved_to = models.UUIDField(null=True, blank=True)  # the fingerprint of where it redirects to for good

    class Meta:
        constraints = [models.UniqueConstraint(fields=["crawl", "fingerprint"], name="crawl_url_once")]
        indexes = [
            models.Index(fields=["crawl", "depth", "id"], condition=models.Q(state="queued"), name="crawl_url_queued"),
            models.Index(fields=["crawl"], condition=models.Q(state="in_flight"), name="crawl_url_in_flight"),
            models.Index(fields=["crawl", "error_kind", "id"], name="crawl_url_error"),
        ]


class CrawlItem(models.Model):
    """Where an item came from: one row for each address that gave it. Rows of a changed page stay, superseded."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="crawl_items", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="crawl_items")
    crawl = models.ForeignKey(Crawl, on_delete=models.CASCADE, related_name="crawl_items")  # that brought it
    fingerprint = models.UUIDField()  # of the page or picture
    url = models.TextField()
    referrer = models.TextField(blank=True)
    status = models.PositiveIntegerField(default=0)
    fetched_at = models.DateTimeField()
    license = models.CharField(max_length=300, blank=True)
    robots = models.CharField(max_length=300, blank=True)
    alt = models.TextField(default="", blank=True)  # of a picture, as the page that shows it says; its figure's caption
    caption = models.TextField(default="", blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(Crawl, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    gone_at = models.DateTimeField(null=True, blank=True)  # the page was found gone, and not found again since
    excluded_at = models.DateTimeField(null=True, blank=True)  # the item was excluded by this, with this very time

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "fingerprint", "item"],
                condition=models.Q(superseded_at=None),
                name="crawl_item_current_once",
            )
        ]


class CrawlTrial(TimestampedModel):
    """One address tried before the crawl: what it would give."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="trials")
    url = models.TextField()
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    result = models.JSONField(default=dict)  # see workers.engines.crawl.trial
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
