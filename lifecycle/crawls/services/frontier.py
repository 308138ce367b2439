"""The frontier in Postgres: addresses claimed in batches, and what came of them committed with items and links."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from lifecycle.contracts.crawl import FoundLink, Outcome, Target
from lifecycle.crawls import rules
from lifecycle.crawls.models import Crawl, CrawlUrl
from lifecycle.crawls.services import provenance
from lifecycle.crawls.services.contract import note_contract
from lifecycle.crawls.services.items import note_columns, note_set_aside, write_part

LoadItems = Callable[[Path], None]  # brings a Parquet part of items into the collection
STATES = {"again": CrawlUrl.State.QUEUED}  # the others are named alike
FRONTIER_FACTOR = 20  # addresses kept for each page that may be fetched: endless sites stay small
FRONTIER_LEAST = 100_000
REDIRECT_STEPS = 10  # one after the other, more than a crawl follows


def seed(*, crawl: Crawl, links: Sequence[FoundLink]) -> None:
    """Where the crawl begins, and what the crawl before it knew. Repeating it changes nothing."""
    with transaction.atomic():
        locked = Crawl.objects.select_for_update().get(pk=crawl.pk)
        before = locked.previous if locked.found == 0 else None
        added = _add_links(locked, [(None, link) for link in links])
        if before is not None and rules.knows_links(before.spec, locked.spec):
            added += _copy_known(before, locked, with_marks=rules.knows_items(before.spec, locked.spec))
        locked.found += added
        locked.save(update_fields=["found", "updated_at"])


def _copy_known(before: Crawl, crawl: Crawl, *, with_marks: bool) -> int:
    """Addresses of the crawl before, with what a server needs to say that nothing changed."""
    marks = ("etag", "last_modified", "body_hash") if with_marks else ("''", "''", "''")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO crawls_crawlurl (crawl_id, fingerprint, url, host, role, depth, hops, state, attempts,
                    fence, status, error_kind, error, mime, byte_size, etag, last_modified, body_hash, robots,
                    license, title, item_count)
                SELECT %s, fingerprint, url, host, role, depth, hops, 'queued', 0, 0, 0, '', '', '', 0,
                    {", ".join(marks)}, '', license, title, 0
                FROM crawls_crawlurl WHERE crawl_id = %s AND state IN ('done', 'unchanged')
                ON CONFLICT (crawl_id, fingerprint) DO UPDATE SET etag = EXCLUDED.etag,
                    last_modified = EXCLUDED.last_modified, body_hash = EXCLUDED.body_hash,
                    license = EXCLUDED.license, title = EXCLUDED.title
                RETURNING (xmax = 0)""",
            [crawl.pk, before.pk],
        )
        added = sum(is_new for (is_new,) in cursor.fetchall())
        _copy_referrers(cursor, before, crawl)
    return added


def _copy_referrers(cursor, before: Crawl, crawl: Crawl) -> None:
    """Who linked to what was known, as rows of the new crawl: a server that says “not modified” lists no links.

    An address that only led on is not copied; whoever linked to it stands for it.
    """
    # Postgres has no statistics of rows this new: it takes them for a few, and would compare all with all
    cursor.execute("SET LOCAL enable_nestloop = off")
    cursor.execute(
        """WITH RECURSIVE way AS (
               SELECT new.id, old.found_on AS led_from, 0 AS steps
               FROM crawls_crawlurl new
               JOIN crawls_crawlurl old ON old.crawl_id = %(before)s AND old.fingerprint = new.fingerprint
               WHERE new.crawl_id = %(crawl)s AND new.found_on IS NULL AND old.found_on IS NOT NULL
               UNION ALL
               SELECT way.id, hop.found_on, way.steps + 1
               FROM way JOIN crawls_crawlurl hop ON hop.crawl_id = %(before)s AND hop.id = way.led_from
               WHERE hop.state = 'redirected' AND hop.found_on IS NOT NULL AND way.steps < %(steps)s)
           UPDATE crawls_crawlurl AS url SET found_on = page.id
           FROM way
           JOIN crawls_crawlurl said ON said.crawl_id = %(before)s AND said.id = way.led_from
           JOIN crawls_crawlurl page ON page.crawl_id = %(crawl)s AND page.fingerprint = said.fingerprint
           WHERE url.crawl_id = %(crawl)s AND url.id = way.id""",
        {"before": before.pk, "crawl": crawl.pk, "steps": REDIRECT_STEPS},
    )
    cursor.execute("RESET enable_nestloop")


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
            clean(o.robots), clean(o.license), clean(o.title), len(o.items),
        )
        for o in outcomes
    ]  # fmt: skip
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(16)]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE crawls_crawlurl AS page SET state = new.state, status = new.status,
                   error_kind = new.error_kind, error = new.error, attempts = page.attempts + new.attempts,
                   not_before = CASE WHEN new.wait > 0 THEN %s + new.wait * interval '1 second' END,
                   fetched_at = now(), mime = new.mime, byte_size = new.byte_size,
                   etag = new.etag, last_modified = new.last_modified,
                   body_hash = CASE WHEN new.body_hash <> '' THEN new.body_hash ELSE page.body_hash END,
                   robots = new.robots, item_count = new.item_count,
                   license = CASE WHEN new.status = 304 THEN page.license ELSE new.license END,
                   title = CASE WHEN new.status = 304 THEN page.title ELSE new.title END
               FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::text[], %s::text[], %s::float[], %s::int[],
                   %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                   %s::int[]) AS new (id, state, status, error_kind, error, wait, attempts, mime, byte_size, etag,
                   last_modified, body_hash, robots, license, title, item_count)
               WHERE page.id = new.id AND page.crawl_id = %s AND page.state = 'in_flight'
               RETURNING page.id, page.fingerprint, page.url, page.found_on""",
            [timezone.now(), *columns, crawl.pk],  # not now(): that is when the transaction began
        )
        return {pk: provenance.Page(fingerprint, url, on) for pk, fingerprint, url, on in cursor.fetchall()}


def _add_links(crawl: Crawl, links: Sequence[tuple[int | None, FoundLink]]) -> int:
    """New addresses into the frontier; returns how many were new. An endless site stops growing here."""
    room = max(int(crawl.spec["max_pages"]) * FRONTIER_FACTOR, FRONTIER_LEAST) - crawl.found
    some = links[: max(room, 0)]
    if len(some) < len(links):
        crawl.dropped = rules.add_counts(crawl.dropped, {"the list of addresses is full": len(links) - len(some)})
    if not some:
        return 0
    rows = [
        (uuid.UUID(link.fingerprint), clean(link.url), link.host[:260], link.role, link.depth, link.hops, found_on)
        for found_on, link in some
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO crawls_crawlurl (crawl_id, fingerprint, url, host, role, depth, hops, found_on, state,
                   attempts, fence, status, error_kind, error, mime, byte_size, etag, last_modified, body_hash, robots,
                   license, title, item_count)
               SELECT %s, fingerprint, url, host, role, depth, hops, found_on, 'queued', 0, 0, 0, '', '', '', 0, '',
                   '', '', '', '', '', 0
               FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::bigint[])
                   AS link (fingerprint, url, host, role, depth, hops, found_on)
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
