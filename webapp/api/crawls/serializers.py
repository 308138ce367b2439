"""Sites and crawls as JSON: shapes in, shapes out. Meaning is checked by the crawls room."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.contracts.crawl import FIELD_ROLES, SCOPES
from lifecycle.contracts.ingest import COLUMN_KINDS
from lifecycle.crawls import rules
from lifecycle.crawls.models import Crawl, CrawlItem, CrawlTrial, CrawlUrl
from lifecycle.sources.models import Source
from webapp.charts.crawls import compute_rates

TAKES = ["images", "text", "tables", "fields"]


def _number(name: str, **options):
    least, most = rules.NUMBERS[name]
    if name in ("requests_per_second", "timeout_seconds", "retry_seconds"):
        return serializers.FloatField(required=False, min_value=least, max_value=most, **options)
    return serializers.IntegerField(required=False, min_value=int(least), max_value=int(most), **options)


def _lines(**options):
    child = serializers.CharField(max_length=2_000, allow_blank=True)
    return serializers.ListField(child=child, required=False, max_length=1_000, **options)


class FieldRuleShape(serializers.Serializer):
    """One field: what a CSS selector or an XPath finds."""

    name = serializers.CharField(max_length=100)
    selector = serializers.CharField(max_length=500)
    language = serializers.ChoiceField(choices=["css", "xpath"], required=False)
    role = serializers.ChoiceField(choices=list(FIELD_ROLES), required=False)
    kind = serializers.ChoiceField(choices=list(COLUMN_KINDS), required=False)


class ConfigShape(serializers.Serializer):
    """The settings of a crawl; what is left out keeps its default."""

    start_urls = _lines()
    sitemaps = _lines()
    uses_robots_sitemaps = serializers.BooleanField(required=False)
    scope = serializers.ChoiceField(choices=list(SCOPES), required=False)
    allow = _lines(help_text="regular expressions, looked for in a page's address; empty allows all")
    deny = _lines()
    max_depth = _number("max_depth")
    max_pages = _number("max_pages")
    max_items = _number("max_items", help_text="0: all there are")
    take = serializers.ChoiceField(choices=TAKES, required=False)
    each = serializers.CharField(required=False, allow_blank=True, max_length=500)
    min_bytes = _number("min_bytes")
    max_bytes = _number("max_bytes")
    types = _lines()
    languages = _lines()
    min_chars = _number("min_chars")
    min_width = _number("min_width")
    min_height = _number("min_height")
    user_agent = serializers.CharField(required=False, allow_blank=True, max_length=300)
    requests_per_second = _number("requests_per_second", help_text="to each host; 0: no limit")
    concurrency_per_host = _number("concurrency_per_host")
    concurrency = _number("concurrency")
    is_adaptive = serializers.BooleanField(required=False)
    obeys_robots = serializers.BooleanField(required=False)
    robots_reason = serializers.CharField(required=False, allow_blank=True, max_length=500)
    timeout_seconds = _number("timeout_seconds")
    max_attempts = _number("max_attempts")
    retry_seconds = _number("retry_seconds")


# A serializer's own attribute is called `fields`, so the setting of that name is declared after the class is made.
ConfigShape._declared_fields["fields"] = serializers.ListField(
    child=FieldRuleShape(), required=False, max_length=rules.MAX_FIELDS
)


def _secrets(what: str):
    child = serializers.CharField(max_length=10_000, allow_null=True, allow_blank=True)
    text = f"{what} by name; null removes one. Encrypted, never shown again, sent to the start hosts only"
    return serializers.DictField(child=child, required=False, help_text=text)


class SiteIn(serializers.Serializer):
    title = serializers.CharField(required=False, allow_blank=True, max_length=200)
    license = serializers.CharField(required=False, allow_blank=True, max_length=100)
    config = ConfigShape()
    headers = _secrets("headers")
    cookies = _secrets("cookies")


class SiteChange(SiteIn):
    config = ConfigShape(required=False)


class SiteOut(serializers.ModelSerializer):
    config = serializers.DictField(read_only=True)
    secret_names = serializers.ListField(child=serializers.CharField(), read_only=True)
    last_crawl = serializers.SerializerMethodField()

    class Meta:
        model = Source
        fields = (
            "id", "title", "license", "config", "secret_names", "cron", "interval_minutes", "is_scheduled",
            "next_run_at", "last_crawl", "created_at",
        )  # fmt: skip

    def get_last_crawl(self, site) -> int | None:
        return getattr(site, "last_crawl_id", None)


class TrialIn(serializers.Serializer):
    url = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class TrialOut(serializers.ModelSerializer):
    site = serializers.IntegerField(source="source_id")
    job = serializers.IntegerField(source="job_id", allow_null=True)
    state = serializers.SerializerMethodField(help_text="of the job: queued, running, succeeded or failed")
    result = serializers.DictField(read_only=True)

    class Meta:
        model = CrawlTrial
        fields = ("id", "site", "url", "job", "state", "result", "created_at")

    def get_state(self, trial) -> str:
        return trial.job.state if trial.job else "failed"


class CrawlIn(serializers.Serializer):
    site = serializers.IntegerField(min_value=1, max_value=(1 << 63) - 1)
    is_full = serializers.BooleanField(required=False, default=False, help_text="fetch every page anew")


class CrawlOut(serializers.ModelSerializer):
    site = serializers.IntegerField(source="source_id")
    collection = serializers.IntegerField(source="collection_id")
    job = serializers.IntegerField(source="job_id", allow_null=True)
    waiting = serializers.IntegerField(read_only=True)
    new_items = serializers.IntegerField(source="collection.accepted")
    errors = serializers.DictField(child=serializers.IntegerField(), read_only=True)  # type: ignore[assignment]
    dropped = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    job_state = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField(help_text="running, paused, done or stopped, also by a job that failed")
    pages_per_second = serializers.SerializerMethodField(help_text="over the last moments of work")
    items_per_second = serializers.SerializerMethodField(help_text="over the last moments of work")

    class Meta:
        model = Crawl
        fields = (
            "id", "site", "collection", "job", "job_state", "state", "wanted", "found", "waiting", "fetched",
            "unchanged", "redirected", "failed", "skipped", "retries", "items", "new_items", "superseded", "gone",
            "set_aside", "pages_per_second", "items_per_second",
            "byte_count", "errors", "dropped", "seconds", "created_at", "finished_at",
        )  # fmt: skip

    def get_job_state(self, crawl) -> str:
        return crawl.job.state if crawl.job else ""

    def get_state(self, crawl) -> str:
        has_died = crawl.job is not None and crawl.job.state in ("failed", "canceled")
        return "stopped" if crawl.state == Crawl.State.RUNNING and has_died else crawl.state

    def get_pages_per_second(self, crawl) -> float:
        return round(compute_rates(crawl.history)["pages"], 2)

    def get_items_per_second(self, crawl) -> float:
        return round(compute_rates(crawl.history)["items"], 2)


class GoneChange(serializers.Serializer):
    is_excluded = serializers.BooleanField(help_text="true: exclude the items of pages that are gone; false: undo that")


class GoneOut(serializers.Serializer):
    pages = serializers.IntegerField(help_text="that gave items and answer 404 or 410 now")
    standing = serializers.IntegerField(help_text="items of theirs that count")
    excluded = serializers.IntegerField(help_text="items of theirs that were excluded for it")


class AddressOut(serializers.ModelSerializer):
    class Meta:
        model = CrawlUrl
        fields = (
            "id", "url", "role", "depth", "found_on", "state", "attempts", "status", "error_kind", "error", "mime",
            "byte_size", "robots", "license", "title", "item_count", "fetched_at",
        )  # fmt: skip


class OriginOut(serializers.ModelSerializer):
    site = serializers.IntegerField(source="source_id")
    crawl = serializers.IntegerField(source="crawl_id")
    superseded_by = serializers.IntegerField(source="superseded_by_id", allow_null=True)

    class Meta:
        model = CrawlItem
        fields = (
            "url", "referrer", "status", "fetched_at", "license", "robots", "site", "crawl", "superseded_at",
            "superseded_by", "gone_at", "alt", "caption",
        )  # fmt: skip
        extra_kwargs = {
            "alt": {"help_text": "of a picture: the alternative text that its page gives it"},
            "caption": {"help_text": "of a picture: the caption of its figure"},
        }
