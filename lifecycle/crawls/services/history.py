"""What the crawls before knew: their addresses, with what a server needs to say that nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from lifecycle.common import bulk
from lifecycle.contracts.crawl import FORBIDDEN, PASSING_TROUBLES
from lifecycle.crawls import rules
from lifecycle.crawls.models import Crawl

ENDED = (Crawl.State.DONE, Crawl.State.STOPPED)
MAX_CRAWLS = 100  # looked back through
REDIRECT_STEPS = 10  # one after the other, more than a crawl follows
DROP_LISTS = "DROP TABLE IF EXISTS crawl_known, crawl_referrers"

# what came of an address for good; what was not reached, failed in passing, was not there or not allowed is asked
# again, by older marks: a page that links to it and did not change would not say that it is there now
_IS_PASSING = """(state = 'failed' AND (error_kind = ANY(%(passing)s) OR status IN (404, 408, 429) OR status >= 500)
    OR state = 'skipped' AND error_kind = %(robots)s)"""
_IS_SETTLED = f"(state NOT IN ('queued', 'in_flight') AND NOT ({_IS_PASSING}))"

# Of each address the newest crawl that settled it, else the newest that had it; its marks count if they say as much
# now. Ids are given out here, so that addresses can name each other before they are written.
LIST_KNOWN = f"""
    CREATE TEMP TABLE crawl_known AS
    SELECT row_number() OVER (ORDER BY known_id) AS place, known_id, fingerprint, has_marks, led_from,
        coalesce(there_id, nextval(pg_get_serial_sequence('crawls_crawlurl', 'id'))) AS id
    FROM (
        SELECT newest.*, there.id AS there_id
        FROM (
            SELECT DISTINCT ON (fingerprint) id AS known_id, crawl_id, fingerprint, found_on AS led_from,
                crawl_id = ANY(%(same_items)s) AS has_marks,
                state IN ('done', 'unchanged') OR NOT {_IS_SETTLED} AS is_asked
            FROM crawls_crawlurl WHERE crawl_id = ANY(%(crawls)s)
            ORDER BY fingerprint, {_IS_SETTLED} DESC, crawl_id DESC) newest
        LEFT JOIN crawls_crawlurl there ON there.crawl_id = %(crawl)s AND there.fingerprint = newest.fingerprint
        WHERE newest.crawl_id = ANY(%(same_links)s) AND is_asked
        ORDER BY known_id) listed"""

# Who linked to it, as a row of the new crawl: a server that says “not modified” lists no links. An address that only
# led on is not copied; whoever linked to it stands for it.
LIST_REFERRERS = """
    CREATE TEMP TABLE crawl_referrers AS
    WITH RECURSIVE way AS (
        SELECT id, led_from, 0 AS steps FROM crawl_known WHERE led_from IS NOT NULL
        UNION ALL
        SELECT way.id, hop.found_on, way.steps + 1
        FROM way JOIN crawls_crawlurl hop ON hop.crawl_id = ANY(%(crawls)s) AND hop.id = way.led_from
        WHERE hop.state = 'redirected' AND hop.found_on IS NOT NULL AND way.steps < %(steps)s),
    page AS (
        SELECT fingerprint, id FROM crawl_known
        UNION SELECT fingerprint, id FROM crawls_crawlurl WHERE crawl_id = %(crawl)s)
    SELECT DISTINCT ON (way.id) way.id, page.id AS page_id
    FROM way
    JOIN crawls_crawlurl said ON said.crawl_id = ANY(%(crawls)s) AND said.id = way.led_from
    JOIN page ON page.fingerprint = said.fingerprint
    ORDER BY way.id, way.steps"""

COPY_KNOWN = """
    INSERT INTO crawls_crawlurl (id, crawl_id, fingerprint, url, host, role, depth, hops, found_on, state, attempts,
        fence, status, error_kind, error, mime, byte_size, etag, last_modified, body_hash, robots, license, title,
        item_count, alt, caption)
    SELECT listed.id, %(crawl)s, known.fingerprint, url, host, role, depth, hops, page_id, 'queued', 0, 0, 0, '', '',
        '', 0, CASE WHEN has_marks THEN etag ELSE '' END, CASE WHEN has_marks THEN last_modified ELSE '' END,
        CASE WHEN has_marks THEN body_hash ELSE '' END, '', license, title, 0, alt, caption
    FROM crawl_known listed
    JOIN crawls_crawlurl known ON known.id = listed.known_id
    LEFT JOIN crawl_referrers ON crawl_referrers.id = listed.id
    WHERE listed.place > %(after)s AND listed.place <= %(until)s
    ON CONFLICT (crawl_id, fingerprint) DO UPDATE SET etag = EXCLUDED.etag,
        last_modified = EXCLUDED.last_modified, body_hash = EXCLUDED.body_hash,
        license = EXCLUDED.license, title = EXCLUDED.title,
        found_on = coalesce(crawls_crawlurl.found_on, EXCLUDED.found_on)
    RETURNING (xmax = 0)"""


@contextmanager
def list_known(crawl: Crawl) -> Iterator[int]:
    """How many addresses the crawls before knew. Inside, `copy_known` brings them into the new crawl's frontier."""
    earlier = _find_earlier(crawl)
    values: dict[str, Any] = {
        "crawl": crawl.pk,
        "crawls": [one.pk for one in earlier],
        "same_links": [one.pk for one in earlier if rules.knows_links(one.spec, crawl.spec)],
        "same_items": [one.pk for one in earlier if rules.knows_items(one.spec, crawl.spec)],
        "passing": list(PASSING_TROUBLES),
        "robots": FORBIDDEN,
        "steps": REDIRECT_STEPS,
    }
    if not values["same_links"]:
        yield 0
        return
    with connection.cursor() as cursor:
        cursor.execute(DROP_LISTS)
        with transaction.atomic():
            # Postgres has no statistics of rows this new: it takes them for a few, and would compare all with all
            cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute(LIST_KNOWN, values)
            count = cursor.rowcount
            cursor.execute("CREATE INDEX ON crawl_known (place); ANALYZE crawl_known")
            cursor.execute(LIST_REFERRERS, values)
            cursor.execute("CREATE INDEX ON crawl_referrers (id); ANALYZE crawl_referrers")
            cursor.execute("RESET enable_nestloop")
        yield count
        cursor.execute(DROP_LISTS)


def copy_known(crawl: Crawl, *, after: int, until: int) -> int:
    """Bring the addresses at these places of the list; returns how many were new. Call with the crawl locked."""
    with connection.cursor() as cursor, bulk.trusted_references(cursor):
        cursor.execute(COPY_KNOWN, {"crawl": crawl.pk, "after": after, "until": until})
        return sum(is_new for (is_new,) in cursor.fetchall())


def _find_earlier(crawl: Crawl) -> list[Crawl]:
    """Crawls of the site, newest first, back to one that built on those before it and came to the end of its list:
    what they knew is all there."""
    found = []
    ended = Crawl.objects.filter(source_id=crawl.source_id, pk__lt=crawl.pk, state__in=ENDED)
    for one in ended.order_by("-pk")[:MAX_CRAWLS]:
        found.append(one)
        if one.state == Crawl.State.DONE and one.previous_id and not one.waiting:
            break
    return found
