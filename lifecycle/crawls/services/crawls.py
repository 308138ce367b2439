"""A site as a source, and each crawl of it: set up, start, pause, resume, stop, finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.crawl import CrawlSpec
from lifecycle.contracts.ingest import ColumnMapping
from lifecycle.contracts.problems import get_problem_type
from lifecycle.crawls import rules
from lifecycle.crawls.models import Crawl
from lifecycle.crawls.services import gone
from lifecycle.datasets.models import Collection, Dataset
from lifecycle.jobs import services as jobs
from lifecycle.projects.services import record_event
from lifecycle.sources import selectors as sources
from lifecycle.sources import services as source_services
from lifecycle.sources.models import Source, SourceRun

Values = Mapping[str, str | None]
OPEN = (Crawl.State.RUNNING, Crawl.State.PAUSED)


def create_site(
    *, dataset: Dataset, user, title: str, config: Mapping[str, Any], headers: Values | None = None,
    cookies: Values | None = None, license: str = "",
) -> Source:  # fmt: skip
    """A site to crawl, now or again and again. Nothing is fetched yet."""
    clean = rules.check_config(config, item_kind=dataset.item_kind)
    secrets = rules.check_secrets(headers or {}, cookies or {})
    title = title.strip() or clean["start_urls"][0] if clean["start_urls"] else title.strip() or clean["sitemaps"][0]
    source = source_services.create_source(
        dataset=dataset, user=user, kind=Source.Kind.CRAWL, title=title[:200], config=clean, secrets=secrets,
        license=license,
    )  # fmt: skip
    _note_robots(source, user, before={})
    return source


def update_site(
    *, source: Source, user, title: str | None = None, config: Mapping[str, Any] | None = None,
    headers: Values | None = None, cookies: Values | None = None, license: str | None = None,
) -> Source:  # fmt: skip
    """Change what is given; a crawl that is under way keeps the settings it began with."""
    before = dict(source.config)
    clean = None
    if config is not None:
        clean = rules.check_config({**before, **config}, item_kind=source.dataset.item_kind)
    secrets = rules.check_secrets(headers or {}, cookies or {})
    changed = source_services.update_source(
        source=source, user=user, title=title, config=clean, secrets=secrets or None, license=license
    )
    _note_robots(changed, user, before=before)
    if clean and changed.contract:
        contract = rules.change_types(source_services.read_contract(changed), before, clean)
        changed = source_services.save_contract(source=changed, user=user, contract=contract.to_json())
    return changed


def _note_robots(source: Source, user, *, before: Mapping[str, Any]) -> None:
    """Who decided that robots.txt does not count, and why, belongs on record."""
    if source.config.get("obeys_robots", True) or not before.get("obeys_robots", True):
        return
    record_event(
        project=source.dataset.project,
        actor=user,
        verb="crawl.robots_ignored",
        summary=f"“{source.title}” is crawled without obeying robots.txt: {source.config['robots_reason']}"[:300],
        object_type="source",
        object_id=source.pk,
    )


def start_crawl(*, source: Source, user, is_full: bool = False) -> Crawl:
    """Crawl the site now. `is_full` fetches every page again, changed or not. Raises Conflict while a crawl is open."""
    with transaction.atomic():
        if Crawl.objects.filter(source=source, state=Crawl.State.PAUSED).exists():
            raise Conflict("A crawl of this site is paused; resume or stop it first.")
        run = source_services.run_source(source=source, user=user, is_full=is_full)
        return open_crawl(collection_id=run.collection_id)


def open_crawl(*, collection_id: int) -> Crawl:
    """The crawl of a collection; made when the clock started the run and nobody made it yet."""
    found = _with_all().filter(collection_id=collection_id).first()
    if found:
        return found
    run = sources.load_run(collection_id)
    spec = build_spec(run.source)
    with transaction.atomic():
        Crawl.objects.filter(source=run.source, state__in=OPEN).update(  # paused, failed or canceled: none works
            state=Crawl.State.STOPPED, finished_at=timezone.now()
        )
        if run.source.config["take"] != "tables":  # so that a corrected file is read as the pages were
            source_services.set_mapping(source=run.source, mapping=rules.build_mapping(run.source.config))
        before = None if run.is_full else _find_before(run.source)
        Crawl.objects.get_or_create(
            collection_id=collection_id,
            defaults={"source": run.source, "job": run.collection.job, "spec": spec.to_json(), "previous": before},
        )
    return _with_all().get(collection_id=collection_id)


def _with_all():
    return Crawl.objects.select_related("source__dataset__project", "collection__dataset__project", "collection__job",
                                        "collection__created_by", "previous", "job")  # fmt: skip


def _find_before(source: Source) -> Crawl | None:
    """The newest that knows something; `history` goes further back for what that one did not reach."""
    ended = Crawl.objects.filter(source=source, state__in=(Crawl.State.DONE, Crawl.State.STOPPED))
    return ended.filter(Q(fetched__gt=0) | Q(unchanged__gt=0)).order_by("-pk").first()


def build_spec(source: Source) -> CrawlSpec:
    """The source's settings with what the dataset and the operator decide; without secrets."""
    dataset = source.dataset
    problem = get_problem_type(dataset.project.problem_type)
    return replace(
        CrawlSpec.from_json(source.config),
        item_kind=dataset.item_kind,
        label_kind=problem.label_kind,
        known_columns=tuple((column["name"], column["kind"]) for column in dataset.columns),
        known_spreads=tuple(dataset.spreads.items()),
        contract=source_services.read_contract(source),
        mapping=ColumnMapping.from_json(source.mapping if source.config["take"] == "tables" else {}),
        private_addresses=settings.ALLOW_PRIVATE_ADDRESSES,
    )


def load_spec(crawl: Crawl) -> CrawlSpec:
    """What a worker crawls by: the crawl's settings, with the source's secrets and the operator's setting of now."""
    return add_secrets(CrawlSpec.from_json(crawl.spec), crawl.source)


def add_secrets(spec: CrawlSpec, source: Source) -> CrawlSpec:
    """Headers and cookies filled in: for a worker only."""
    headers, cookies = rules.split_secrets(sources.load_secrets(source))
    return replace(spec, private_addresses=settings.ALLOW_PRIVATE_ADDRESSES, headers=headers, cookies=cookies)


def pause_crawl(*, crawl: Crawl, user) -> Crawl:
    """Stop fetching within seconds and keep everything for later."""
    with transaction.atomic():
        locked = _lock(crawl)
        if locked.state != Crawl.State.RUNNING:
            raise Conflict("Only a running crawl can be paused.")
        locked.wanted = Crawl.Wanted.PAUSE
        if _has_ended(locked):
            locked.state = Crawl.State.PAUSED
        locked.save(update_fields=["wanted", "state", "updated_at"])
        _tell(locked, user, "crawl.paused", "Paused")
    return locked


def resume_crawl(*, crawl: Crawl, user) -> Crawl:
    """Go on where a paused, failed or canceled crawl stopped."""
    with transaction.atomic():
        locked = _lock(crawl)
        if locked.state == Crawl.State.RUNNING and locked.wanted == Crawl.Wanted.PAUSE and not _has_ended(locked):
            locked.wanted = Crawl.Wanted.RUN  # the worker has not seen the wish yet, or just winds down
        elif locked.state in OPEN and _has_ended(locked):
            _enqueue(locked, user)
        else:
            raise Conflict("This crawl is not paused.")
        locked.save()
        _tell(locked, user, "crawl.resumed", "Resumed")
    return locked


def _enqueue(crawl: Crawl, user) -> None:
    others = Crawl.objects.filter(source=crawl.source, state__in=OPEN).exclude(pk=crawl.pk)
    if others.exists():
        raise Conflict("Another crawl of this site is open; wait for it or stop it.")
    source_services.take_turn(source=crawl.source, collection=crawl.collection)
    collection = crawl.collection
    crawl.state, crawl.wanted = Crawl.State.RUNNING, Crawl.Wanted.RUN
    crawl.job = collection.job = jobs.enqueue(
        kind="crawl",
        title=f"Collect {crawl.source.title}",
        spec={"source_id": crawl.source_id, "collection_id": collection.pk},
        project=collection.dataset.project,
        created_by=user,
        subject_type="collection",
        subject_id=collection.pk,
    )
    collection.save(update_fields=["job", "updated_at"])


def stop_crawl(*, crawl: Crawl, user) -> Crawl:
    """End it for good; what came in stays."""
    with transaction.atomic():
        locked = _lock(crawl)
        if locked.state not in OPEN:
            raise Conflict("This crawl has ended already.")
        locked.wanted = Crawl.Wanted.STOP
        locked.save(update_fields=["wanted", "updated_at"])
        if _has_ended(locked):
            finish_crawl(crawl=locked, ended="stopped")
            locked = _lock(crawl)
        _tell(locked, user, "crawl.stopped", "Stopped")
    return locked


def finish_crawl(*, crawl: Crawl, ended: str) -> Crawl:
    """Note how a crawl ended: done, paused or stopped. Within the job's transaction; repeating it changes nothing."""
    locked = _lock(crawl)
    if locked.state not in OPEN:
        return locked
    locked.state = Crawl.State(ended)
    if ended != "paused":
        gone.settle_moved(locked)
        SourceRun.objects.filter(collection_id=locked.collection_id).update(updated=locked.superseded)
        locked.finished_at = timezone.now()
        Collection.objects.filter(pk=locked.collection_id).update(finished_at=locked.finished_at)
        _tell_finished(locked)
    locked.save(update_fields=["state", "superseded", "gone", "finished_at", "updated_at"])
    return locked


def _tell_finished(crawl: Crawl) -> None:
    collection = Collection.objects.get(pk=crawl.collection_id)
    said = [f"{collection.accepted:,} new items", f"{crawl.fetched:,} addresses fetched"]
    said += [f"{crawl.superseded:,} updated"] if crawl.superseded else []
    said += [f"{crawl.unchanged:,} unchanged"] if crawl.unchanged else []
    said += [f"{crawl.gone:,} gone"] if crawl.gone else []
    said += [f"{crawl.failed:,} failed"] if crawl.failed else []
    record_event(
        project=crawl.collection.dataset.project,
        actor=collection.created_by,
        verb="crawl.finished",
        summary=f"Crawled “{crawl.source.title}”: {', '.join(said)}",
        object_type="crawl",
        object_id=crawl.pk,
    )


def _lock(crawl: Crawl) -> Crawl:
    return (
        Crawl.objects.select_for_update(of=("self",))
        .select_related("source", "collection__dataset__project", "collection__job", "job")
        .get(pk=crawl.pk)
    )


def _has_ended(crawl: Crawl) -> bool:
    """No job waits for it or works on it."""
    return crawl.job is None or crawl.job.state not in ("queued", "running")


def _tell(crawl: Crawl, user, verb: str, done: str) -> None:
    record_event(
        project=crawl.collection.dataset.project,
        actor=user,
        verb=verb,
        summary=f"{done} the crawl of “{crawl.source.title}”",
        object_type="crawl",
        object_id=crawl.pk,
    )


def check_taken(source: Source) -> None:
    """Raises DomainError where a source is no site."""
    if source.kind != Source.Kind.CRAWL:
        raise DomainError("This source is not a site.")
