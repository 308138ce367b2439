"""The frontier in Postgres: addresses claimed in batches, and what came of them committed with items and links."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from lifecycle.contracts.crawl import FoundLink, Outcome, Target
from lifecycle.crawls import rules
from lifecycle.crawls.models import Crawl, CrawlUrl
from lifecycle.crawls.services import gone, history, provenance
from lifecycle.crawls.services.contract import note_contract
from lifecycle.crawls.services.items import note_columns, note_set_aside, write_part

Transact = Callable[[], AbstractContextManager[Any]]
LoadItems = Callable[[Path], None]  # brings a Parquet part of items into the collection
STATES = {"again": CrawlUrl.State.QUEUED}  # the others are named alike
FRONTIER_FACTOR = 20  # addresses kept for each page that may be fetched: endless sites stay small
FRONTIER_LEAST = 100_000
KNOWN_AT_ONCE = 10_000  # addresses of earlier crawls that one transaction brings


def seed(*, crawl: Crawl, links: Sequence[FoundLink], transact: Transact = transaction.atomic) -> None:
    """Where the crawl begins, and what the crawls before it knew. In transactions of bounded size, each opened by
    `transact`; repeating it, after whatever end, changes nothing."""
    with transact():
        locked = Crawl.objects.select_for_update().get(pk=crawl.pk)
        locked.found += _add_links(locked, [(None, link) for link in links])
        locked.is_seeded = locked.is_seeded or not locked.previous_id
        locked.save(update_fields=["found", "is_seeded", "updated_at"])
    if locked.is_seeded:
        return
    with history.list_known(locked) as count:
        for after in range(0, max(count, 1), KNOWN_AT_ONCE):
            with transact():
                locked = Crawl.objects.select_for_update().get(pk=crawl.pk)
                if count:
                    locked.found += history.copy_known(locked, after=after, until=after + KNOWN_AT_ONCE)
                locked.is_seeded = after + KNOWN_AT_ONCE >= count
                locked.save(update_fields=["found", "is_seeded", "updated_at"])


def release(*, crawl: Crawl) -> int:
    """Give back what a dead or paused attempt held; returns how many. Only the one attempt of the job may call it."""
    held = CrawlUrl.objects.filter(crawl=crawl, state=CrawlUrl.State.IN_FLIGHT)
    return held.update(state=CrawlUrl.State.QUEUED)


def claim(*, crawl: Crawl, fence: int, count: int, avoid_hosts: Sequence[str] = ()) -> list[Target]:
    """Take up to `count` addresses that are due, nearest to the start first. Call within the job's transaction."""
    room = _count_room(crawl)
    with connection.cursor() as cursor:
        # materialized: as a subquery Postgres may run it once a row, and then its LIMIT counts from the start each time
        cursor.execute(
            """WITH due AS MATERIALIZED (
                   SELECT id FROM crawls_crawlurl
                   WHERE crawl_id = %s AND state = 'queued' AND (not_before IS NULL OR not_before <= %s)
                       AND host <> ALL(%s::text[]) AND (role <> 'page' OR %s)
                   ORDER BY depth, id LIMIT %s FOR UPDATE SKIP LOCKED)
               UPDATE crawls_crawlurl u SET state = 'in_flight', fence = %s FROM due WHERE u.id = due.id
               RETURNING u.depth, u.id, u.url, u.role, u.attempts, u.hops, u.etag, u.last_modified, u.body_hash""",
            [
                *(crawl.pk, timezone.now(), list(avoid_hosts), room > 0),
                *(min(count, room) if room > 0 else count, fence),
            ],
        )
        rows = sorted(cursor.fetchall())
    return [Target(pk, url, role, depth, *rest) for depth, pk, url, role, *rest in rows]


def _count_room(crawl: Crawl) -> int:
    """How many pages more may be fetched."""
    done = Crawl.objects.values_list("pages", flat=True).get(pk=crawl.pk)
    flying = CrawlUrl.objects.filter(crawl=crawl, state=CrawlUrl.State.IN_FLIGHT, role="page").count()
    return int(crawl.spec["max_pages"]) - done - flying


def check(*, crawl: Crawl) -> str:
    """What people want now."""
    return Crawl.objects.values_list("wanted", flat=True).get(pk=crawl.pk)


def find_next_due(*, crawl: Crawl) -> float | None:
    """Seconds until an address is due, None when there is none to come."""
    queued = CrawlUrl.objects.filter(crawl=crawl, state=CrawlUrl.State.QUEUED)
    if _count_room(crawl) <= 0:
        queued = queued.exclude(role="page")
    if queued.filter(not_before=None).exists():
        return 0.0
    earliest = queued.aggregate(at=Min("not_before"))["at"]
    return None if earliest is None else max((earliest - timezone.now()).total_seconds(), 0.0)


def record(
    *, crawl: Crawl, outcomes: Sequence[Outcome], seconds: float, folder: Path, load_items: LoadItems
) -> str:  # fmt: skip
    """Keep outcomes, their items and their links. Call within the job's transaction: all of it counts, or nothing.

    `seconds` is the time worked since the last call; `folder` takes the part that `load_items` brings in. Answers
    what people want now.
    """
    locked = Crawl.objects.select_for_update(of=("self",)).select_related("collection__dataset", "source").get(
        pk=crawl.pk
    )  # fmt: skip
    pages = _write_outcomes(locked, outcomes)
    kept = [outcome for outcome in outcomes if outcome.id in pages]
    links = [(outcome.id, link) for outcome in kept for link in outcome.links]
    locked.found += _add_links(locked, links) if links else 0
    path = write_part(folder, kept)
    if path:
        note_columns(locked.collection.dataset, kept)
        load_items(path)
    locked.superseded += provenance.record(crawl=locked, outcomes=kept, pages=pages)
    locked.gone += gone.note(crawl=locked, outcomes=kept, pages=pages)
    note_set_aside(locked.collection, kept)
    note_contract(locked, kept)
    _count(locked, kept)
    locked.seconds += seconds
    point = (locked.seconds, locked.fetched + locked.unchanged, locked.items, locked.waiting, locked.failed)
    locked.history = rules.extend_history(locked.history, point)
    locked.save()
    is_enough = 0 < locked.spec["max_items"] <= locked.items
    return "enough" if is_enough and locked.wanted == "run" else locked.wanted


def _write_outcomes(crawl: Crawl, outcomes: Sequence[Outcome]) -> dict[int, provenance.Page]:
    """Settle the rows that are in flight; answers them by id."""
    rows = [
        (
            o.id, STATES.get(o.state, o.state), o.status, o.error_kind[:40], clean(o.error)[:400], o.wait_seconds,
            int(o.counts_as_attempt), clean(o.mime), o.byte_size, clean(o.etag), clean(o.last_modified), o.body_hash,
            clean(o.robots), clean(o.license), clean(o.title), len(o.items), o.moved_to or None,
        )
        for o in outcomes
    ]  # fmt: skip
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(17)]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE crawls_crawlurl AS page SET state = new.state, status = new.status,
                   error_kind = new.error_kind, error = new.error, attempts = page.attempts + new.attempts,
                   not_before = CASE WHEN new.wait > 0 THEN %s + new.wait * interval '1 second' END,
                   fetched_at = now(), mime = new.mime, byte_size = new.byte_size,
                   etag = CASE WHEN new.state IN ('done', 'unchanged') THEN new.etag ELSE page.etag END,
                   last_modified = CASE WHEN new.state IN ('done', 'unchanged') THEN new.last_modified
                       ELSE page.last_modified END,
                   body_hash = CASE WHEN new.body_hash <> '' THEN new.body_hash ELSE page.body_hash END,
                   robots = new.robots, item_count = new.item_count, moved_to = new.moved_to,
                   license = CASE WHEN new.status = 304 THEN page.license ELSE new.license END,
                   title = CASE WHEN new.status = 304 THEN page.title ELSE new.title END
               FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::text[], %s::text[], %s::float[], %s::int[],
                   %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                   %s::int[], %s::uuid[]) AS new (id, state, status, error_kind, error, wait, attempts, mime,
                   byte_size, etag, last_modified, body_hash, robots, license, title, item_count, moved_to)
               WHERE page.id = new.id AND page.crawl_id = %s AND page.state = 'in_flight'
               RETURNING page.id, page.fingerprint, page.url, page.found_on, page.alt, page.caption""",
            [timezone.now(), *columns, crawl.pk],  # not now(): that is when the transaction began
        )
        return {pk: provenance.Page(*row) for pk, *row in cursor.fetchall()}


def _add_links(crawl: Crawl, links: Sequence[tuple[int | None, FoundLink]]) -> int:
    """New addresses into the frontier; returns how many were new. An endless site stops growing here."""
    room = max(int(crawl.spec["max_pages"]) * FRONTIER_FACTOR, FRONTIER_LEAST) - crawl.found
    some = links[: max(room, 0)]
    if len(some) < len(links):
        crawl.dropped = rules.add_counts(crawl.dropped, {"the list of addresses is full": len(links) - len(some)})
    if not some:
        return 0
    rows = [
        (
            uuid.UUID(link.fingerprint), clean(link.url), link.host[:260], link.role, link.depth, link.hops, found_on,
            clean(link.alt), clean(link.caption),
        )
        for found_on, link in some
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO crawls_crawlurl (crawl_id, fingerprint, url, host, role, depth, hops, found_on, state,
                   attempts, fence, status, error_kind, error, mime, byte_size, etag, last_modified, body_hash, robots,
                   license, title, item_count, alt, caption)
               SELECT %s, fingerprint, url, host, role, depth, hops, found_on, 'queued', 0, 0, 0, '', '', '', 0, '',
                   '', '', '', '', '', 0, alt, caption
               FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::bigint[],
                   %s::text[], %s::text[]) AS link (fingerprint, url, host, role, depth, hops, found_on, alt, caption)
               ON CONFLICT (crawl_id, fingerprint) DO NOTHING""",
            [crawl.pk, *(list(column) for column in zip(*rows, strict=True))],
        )
        return cursor.rowcount


def _count(crawl: Crawl, outcomes: Sequence[Outcome]) -> None:
    states = Counter(outcome.state for outcome in outcomes)
    crawl.fetched += states["done"]
    for state in ("unchanged", "redirected", "failed", "skipped"):
        setattr(crawl, state, getattr(crawl, state) + states[state])
    crawl.retries += sum(o.state == "again" and o.counts_as_attempt for o in outcomes)
    crawl.pages += sum(o.role == "page" and o.state in ("done", "unchanged", "failed") for o in outcomes)
    crawl.items += sum(len(o.items) for o in outcomes)
    crawl.set_aside += sum(len(o.set_aside) for o in outcomes)
    crawl.byte_count += sum(o.byte_size for o in outcomes)
    kinds = Counter(o.error_kind for o in outcomes if o.state in ("failed", "skipped") and o.error_kind)
    crawl.errors = rules.add_counts(crawl.errors, kinds)
    reasons: Counter[str] = Counter()
    for outcome in outcomes:
        reasons.update(dict(outcome.dropped))
    crawl.dropped = rules.add_counts(crawl.dropped, reasons)


def clean(text: str) -> str:
    """Postgres stores neither NUL nor lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
