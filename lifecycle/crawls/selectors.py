"""Reads on sites and their crawls, always through the project."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from lifecycle.crawls.models import Crawl, CrawlItem, CrawlTrial, CrawlUrl
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors.collections import get_one
from lifecycle.projects.models import Project
from lifecycle.sources import selectors as sources
from lifecycle.sources.models import Source


def list_sites(project: Project) -> QuerySet[Source]:
    """Sources of kind crawl, newest first, with `last_crawl_id`."""
    newest = Crawl.objects.filter(source=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    return sources.list_sources(project).filter(kind=Source.Kind.CRAWL).annotate(last_crawl_id=Subquery(newest))


def get_site(project: Project, source_id: int) -> Source:
    """One of them; NotFound otherwise."""
    return get_one(list_sites(project), source_id, "site")


def list_crawls(project: Project) -> QuerySet[Crawl]:
    """Newest first, with what a list shows."""
    return Crawl.objects.filter(collection__dataset__project=project).select_related(
        "source", "collection__created_by", "collection__dataset__project", "collection__job", "job"
    )


def get_crawl(project: Project, crawl_id: int) -> Crawl:
    """One crawl of the project; NotFound otherwise."""
    return get_one(list_crawls(project), crawl_id, "crawl")


def find_crawl(collection_id: int) -> Crawl | None:
    return Crawl.objects.filter(collection_id=collection_id).first()


def map_crawls(crawl_ids: list[int]) -> dict[int, Crawl]:
    """Crawls by id, with their jobs."""
    return {crawl.pk: crawl for crawl in Crawl.objects.filter(pk__in=crawl_ids).select_related("job", "collection")}


def count_in_flight(crawl: Crawl) -> int:
    return CrawlUrl.objects.filter(crawl=crawl, state=CrawlUrl.State.IN_FLIGHT).count()


def list_urls(crawl: Crawl, *, state: str = "", error_kind: str = "", role: str = "", search: str = "") -> QuerySet:
    """Addresses of a crawl, in the order in which they were found."""
    urls = CrawlUrl.objects.filter(crawl=crawl)
    wanted = {"state": state, "error_kind": error_kind, "role": role}
    urls = urls.filter(**{name: value for name, value in wanted.items() if value})
    if search:
        urls = urls.filter(url__icontains=search)
    return urls.order_by("id")


def map_urls(ids: set[int]) -> dict[int, str]:
    """Addresses by the id of their rows: for showing where a link was found."""
    return dict(CrawlUrl.objects.filter(pk__in=ids).values_list("pk", "url"))


def list_hosts(crawl: Crawl, limit: int = 12) -> list[Any]:
    """Hosts with the most addresses: [{"host", "n"}]."""
    urls = CrawlUrl.objects.filter(crawl=crawl).values("host").order_by().annotate(n=Count("pk"))
    return list(urls.order_by("-n")[:limit])


def list_latest(crawl: Crawl, limit: int = 12) -> list[CrawlUrl]:
    """What was asked for last."""
    done = CrawlUrl.objects.filter(crawl=crawl).exclude(fetched_at=None)
    return list(done.order_by("-fetched_at", "-id")[:limit])


def list_provenance(item: Item) -> QuerySet[CrawlItem]:
    """Every address that gave the item, the newest first."""
    return CrawlItem.objects.filter(item=item).select_related("source", "crawl")


def list_gone(source: Source) -> QuerySet[CrawlItem]:
    """What pages that are gone gave, the last found first; excluded by `exclude_gone` where `superseded_at` is set."""
    rows = CrawlItem.objects.filter(source=source, superseded_by=None).exclude(gone_at=None)
    return rows.select_related("item").order_by("-gone_at", "-id")


def count_gone(source: Source) -> dict[str, int]:
    """Pages that are gone, and of their items those that stand and those that were excluded for it."""
    rows = list_gone(source)
    return rows.aggregate(
        pages=Count("fingerprint", distinct=True),
        standing=Count("item", distinct=True, filter=Q(superseded_at=None, item__excluded_at=None)),
        excluded=Count("item", distinct=True, filter=Q(excluded_at=F("item__excluded_at"))),
    )


def get_trial(project: Project, trial_id: int) -> CrawlTrial:
    trials = CrawlTrial.objects.filter(source__dataset__project=project).select_related("source", "job")
    return get_one(trials, trial_id, "trial")


def load_trial(trial_id: int) -> CrawlTrial:
    """For a job, which was authorized when it was made."""
    return CrawlTrial.objects.select_related("source__dataset__project").get(pk=trial_id)


def find_latest_trial(source: Source) -> CrawlTrial | None:
    return CrawlTrial.objects.filter(source=source).select_related("job").first()


def find_open_crawl(source: Source) -> Crawl | None:
    """The one that runs or is paused."""
    return Crawl.objects.filter(source=source, state__in=("running", "paused")).select_related("job").first()
