"""Where each item came from; and when a page changed, which items its old ones gave way to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import connection

from lifecycle.contracts.crawl import Outcome
from lifecycle.crawls.models import Crawl


class Page(NamedTuple):
    """A row of the frontier, as far as provenance needs it."""

    fingerprint: uuid.UUID
    url: str
    found_on: int | None
    alt: str = ""
    caption: str = ""


def record(*, crawl: Crawl, outcomes: Sequence[Outcome], pages: Mapping[int, Page]) -> int:
    """Note the items of pages that were read; returns how many older items gave way. Within `record`'s transaction.

    An item that no page gives any more is excluded, not deleted: labels and versions keep it. One that comes back
    is taken in again.
    """
    read = [o for o in outcomes if o.state == "done" and o.role in ("page", "image")]
    if not read:
        return 0
    pairs = _find_items(crawl, read)
    with connection.cursor() as cursor:
        _insert(cursor, crawl, read, pages, pairs)
        _restore(cursor, crawl, [item_id for _, item_id in pairs])
        fingerprints = [pages[o.id].fingerprint for o in read]
        current = [(pages[o.id].fingerprint, item_id) for o, item_id in pairs]
        return _supersede(cursor, crawl, fingerprints, current)


def _find_items(crawl: Crawl, outcomes: Sequence[Outcome]) -> list[tuple[Outcome, int]]:
    """(outcome, item id) for each item that a page gave."""
    hashes = list({item.content_hash for outcome in outcomes for item in outcome.items})
    if not hashes:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content_hash, id FROM datasets_item WHERE dataset_id = %s AND content_hash = ANY(%s::text[])",
            [crawl.collection.dataset_id, hashes],
        )
        ids = dict(cursor.fetchall())
    found = {(o.id, ids[item.content_hash]): o for o in outcomes for item in o.items}
    return [(outcome, item_id) for (_, item_id), outcome in found.items()]


def _insert(cursor, crawl: Crawl, outcomes, pages: Mapping[int, Page], pairs) -> None:
    if not pairs:
        return
    referrers = _find_referrers(cursor, {pages[o.id].found_on for o in outcomes} - {None})
    rows = [
        (
            item_id, pages[o.id].fingerprint, pages[o.id].url, referrers.get(pages[o.id].found_on, ""), o.status,
            _clean(o.license or referrers.get((pages[o.id].found_on, "license"), "")), _clean(o.robots),
            *(pages[o.id][-2:] if any(pages[o.id][-2:]) else referrers.get((pages[o.id].found_on, "words"), ("", ""))),
        )
        for o, item_id in pairs
    ]  # fmt: skip
    cursor.execute(
        """INSERT INTO crawls_crawlitem (source_id, crawl_id, fetched_at, item_id, fingerprint, url, referrer, status,
               license, robots, alt, caption)
           SELECT %s, %s, now(), new.* FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::int[],
               %s::text[], %s::text[], %s::text[], %s::text[]) AS new
           ON CONFLICT (source_id, fingerprint, item_id) WHERE superseded_at IS NULL DO NOTHING""",
        [crawl.source_id, crawl.pk, *(list(column) for column in zip(*rows, strict=True))],
    )


def _find_referrers(cursor, ids: set[int | None]) -> dict:
    """{id: URL} of pages, and {(id, "license"): hint}: a picture inherits what its page says; {(id, "words"): …}: and
    what was said of an address that led on to it."""
    if not ids:
        return {}
    cursor.execute("SELECT id, url, license, alt, caption FROM crawls_crawlurl WHERE id = ANY(%s)", [list(ids)])
    found: dict = {}
    for pk, url, hint, *words in cursor.fetchall():
        found[pk], found[(pk, "license")], found[(pk, "words")] = url, hint, words
    return found


def _supersede(cursor, crawl: Crawl, fingerprints: list[uuid.UUID], current: list[tuple[uuid.UUID, int]]) -> int:
    pages, items = [pair[0] for pair in current], [pair[1] for pair in current]
    cursor.execute(
        """UPDATE crawls_crawlitem AS old SET superseded_at = now(), superseded_by_id = %s
           WHERE old.source_id = %s AND old.fingerprint = ANY(%s::uuid[]) AND old.superseded_at IS NULL
               AND NOT EXISTS (
                   SELECT 1 FROM unnest(%s::uuid[], %s::bigint[]) AS new (fingerprint, item_id)
                   WHERE new.fingerprint = old.fingerprint AND new.item_id = old.item_id)
           RETURNING old.item_id""",
        [crawl.pk, crawl.source_id, fingerprints, pages, items],
    )
    gone = [item_id for (item_id,) in cursor.fetchall()]
    exclude(cursor, gone)
    return len(gone)


def exclude(cursor, item_ids: list[int]) -> int:
    """Of items that gave way in this transaction, those that came by crawling only and that no other page gives;
    returns how many."""
    if not item_ids:
        return 0
    cursor.execute(
        """UPDATE datasets_item AS item SET excluded_at = now()
           FROM datasets_collection AS collection
           WHERE item.id = ANY(%s) AND item.excluded_at IS NULL AND collection.id = item.collection_id
               AND collection.kind = 'crawl' AND NOT EXISTS (
                   SELECT 1 FROM crawls_crawlitem AS other
                   WHERE other.item_id = item.id AND other.superseded_at IS NULL)
           RETURNING item.id""",
        [item_ids],
    )
    excluded = [item_id for (item_id,) in cursor.fetchall()]
    cursor.execute(
        """UPDATE crawls_crawlitem SET excluded_at = now()
           WHERE item_id = ANY(%s) AND superseded_at = now()""",  # now() is the transaction's, the same everywhere
        [excluded],
    )
    return len(excluded)


def _restore(cursor, crawl: Crawl, item_ids: list[int]) -> None:
    """Items that are back on a page, and that nobody but a crawl had excluded."""
    if not item_ids:
        return
    cursor.execute(
        """UPDATE datasets_item AS item SET excluded_at = NULL
           FROM crawls_crawlitem AS old
           WHERE item.id = ANY(%s) AND old.item_id = item.id AND old.source_id = %s
               AND old.excluded_at IS NOT NULL AND item.excluded_at = old.excluded_at""",
        [item_ids, crawl.source_id],
    )


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()
