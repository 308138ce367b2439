"""Pages that are no more where they were: moved for good, or gone. What becomes of the items that they gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection, transaction
from django.db.models import F

from lifecycle.contracts.crawl import Outcome
from lifecycle.contracts.wording import count_words
from lifecycle.crawls.models import Crawl, CrawlItem
from lifecycle.crawls.services.provenance import Page, exclude
from lifecycle.datasets.models import Item
from lifecycle.projects.services import record_event
from lifecycle.sources.models import Source

GONE_STATUSES = (404, 410)
STEPS = 10  # redirects one after the other, as many as a crawl follows

# where an address that gives items led for good in the end, as far as this crawl went
LIST_MOVED = """
    WITH RECURSIVE way AS (
        SELECT page.fingerprint AS start, page.moved_to, 1 AS steps FROM crawls_crawlurl page
        WHERE page.crawl_id = %(crawl)s AND page.state = 'redirected' AND page.moved_to IS NOT NULL AND EXISTS (
            SELECT 1 FROM crawls_crawlitem item WHERE item.source_id = %(source)s
                AND item.fingerprint = page.fingerprint AND item.superseded_at IS NULL)
        UNION ALL
        SELECT way.start, hop.moved_to, way.steps + 1
        FROM way JOIN crawls_crawlurl hop ON hop.crawl_id = %(crawl)s AND hop.fingerprint = way.moved_to
        WHERE hop.state = 'redirected' AND hop.moved_to IS NOT NULL AND way.steps < %(steps)s)
    SELECT way.start, there.state, there.status
    FROM way JOIN crawls_crawlurl there ON there.crawl_id = %(crawl)s AND there.fingerprint = way.moved_to
    WHERE there.state IN ('done', 'unchanged', 'failed')"""


def note(*, crawl: Crawl, outcomes: Sequence[Outcome], pages: Mapping[int, Page]) -> int:
    """Mark the items of pages that a batch found gone, and take the mark from those that are there; returns how many
    pages are gone that were there before. Within `record`'s transaction."""
    there = [pages[o.id].fingerprint for o in outcomes if o.state in ("done", "unchanged")]
    gone = [pages[o.id].fingerprint for o in outcomes if o.state == "failed" and o.status in GONE_STATUSES]
    CrawlItem.objects.filter(source_id=crawl.source_id, fingerprint__in=there).exclude(gone_at=None).update(
        gone_at=None
    )
    return _mark(crawl, gone) if gone else 0


def _mark(crawl: Crawl, fingerprints: Sequence) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE crawls_crawlitem SET gone_at = now()
               WHERE source_id = %s AND fingerprint = ANY(%s::uuid[]) AND superseded_at IS NULL AND gone_at IS NULL
               RETURNING fingerprint""",
            [crawl.source_id, list(fingerprints)],
        )
        return len(set(cursor.fetchall()))


def settle_moved(crawl: Crawl) -> None:
    """At the end of a crawl: items of pages that moved for good give way to those of where they moved to; a page that
    leads to one that is gone is gone too. Call with the crawl locked; its counts are changed, not saved."""
    with connection.cursor() as cursor:
        cursor.execute(LIST_MOVED, {"crawl": crawl.pk, "source": crawl.source_id, "steps": STEPS})
        found = cursor.fetchall()
        moved = [start for start, state, _ in found if state != "failed"]
        cursor.execute(
            """UPDATE crawls_crawlitem SET superseded_at = now(), superseded_by_id = %s, gone_at = NULL
               WHERE source_id = %s AND fingerprint = ANY(%s::uuid[]) AND superseded_at IS NULL
               RETURNING item_id""",
            [crawl.pk, crawl.source_id, moved],
        )
        items = [item_id for (item_id,) in cursor.fetchall()]
        exclude(cursor, items)
    crawl.superseded += len(items)
    crawl.gone += _mark(crawl, [start for start, state, status in found if status in GONE_STATUSES])


def exclude_gone(*, source: Source, user) -> int:
    """Leave the items of pages that are gone out of the versions to come; returns how many. Labels and earlier versions
    keep them, and so does what came in another way, or stands on another page too."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE crawls_crawlitem SET superseded_at = now()
                   WHERE source_id = %s AND gone_at IS NOT NULL AND superseded_at IS NULL RETURNING item_id""",
                [source.pk],
            )
            count = exclude(cursor, [item_id for (item_id,) in cursor.fetchall()])
        _tell(source, user, "crawl.gone_excluded", f"Excluded {count_words(count, 'item')} of pages that are gone")
    return count


def restore_gone(*, source: Source, user) -> int:
    """Take back what `exclude_gone` did, but for items that somebody excluded or restored since; returns how many."""
    with transaction.atomic():
        rows = CrawlItem.objects.filter(source=source, superseded_by=None).exclude(gone_at=None).exclude(
            superseded_at=None
        )  # fmt: skip
        items = list(rows.filter(item__excluded_at=F("excluded_at")).values_list("item_id", flat=True).distinct())
        Item.objects.filter(pk__in=items).update(excluded_at=None)
        rows.update(superseded_at=None, excluded_at=None)
        _tell(source, user, "crawl.gone_restored", f"Restored {count_words(len(items), 'item')} of pages that are gone")
    return len(items)


def _tell(source: Source, user, verb: str, done: str) -> None:
    record_event(
        project=source.dataset.project,
        actor=user,
        verb=verb,
        summary=f"{done}: “{source.title}”"[:300],
        object_type="source",
        object_id=source.pk,
    )
