"""What the crawls before knew: their addresses, with what a server needs to say that nothing changed."""

from __future__ import annotations

from typing import Any

from django.db import connection

from lifecycle.contracts.crawl import PASSING_TROUBLES
from lifecycle.crawls import rules
from lifecycle.crawls.models import Crawl

ENDED = (Crawl.State.DONE, Crawl.State.STOPPED)
MAX_CRAWLS = 100  # looked back through
REDIRECT_STEPS = 10  # one after the other, more than a crawl follows

# what came of an address for good; what was not reached or failed in passing is asked again, by older marks
_IS_PASSING = """state = 'failed' AND (error_kind = ANY(%(passing)s) OR status IN (408, 429) OR status >= 500)"""
_IS_SETTLED = f"(state NOT IN ('queued', 'in_flight') AND NOT ({_IS_PASSING}))"

# of each address the newest crawl that settled it, else the newest that had it; its marks, if they say as much now
COPY_KNOWN = f"""
    INSERT INTO crawls_crawlurl (crawl_id, fingerprint, url, host, role, depth, hops, found_on, state, attempts,
        fence, status, error_kind, error, mime, byte_size, etag, last_modified, body_hash, robots, license, title,
        item_count)
    SELECT %(crawl)s, fingerprint, url, host, role, depth, hops, found_on, 'queued', 0, 0, 0, '', '', '', 0,
        CASE WHEN has_marks THEN etag ELSE '' END, CASE WHEN has_marks THEN last_modified ELSE '' END,
        CASE WHEN has_marks THEN body_hash ELSE '' END, '', license, title, 0
    FROM (
        SELECT DISTINCT ON (fingerprint) id, crawl_id = ANY(%(same_items)s) AS has_marks
        FROM crawls_crawlurl WHERE crawl_id = ANY(%(crawls)s)
        ORDER BY fingerprint, {_IS_SETTLED} DESC, crawl_id DESC) newest
    JOIN crawls_crawlurl known USING (id)
    WHERE crawl_id = ANY(%(same_links)s) AND (state IN ('done', 'unchanged') OR NOT {_IS_SETTLED})
    ORDER BY id
    ON CONFLICT (crawl_id, fingerprint) DO UPDATE SET etag = EXCLUDED.etag,
        last_modified = EXCLUDED.last_modified, body_hash = EXCLUDED.body_hash,
        license = EXCLUDED.license, title = EXCLUDED.title,
        found_on = coalesce(crawls_crawlurl.found_on, EXCLUDED.found_on)
    RETURNING (xmax = 0)"""

# who linked to it, as a row of the new crawl: a server that says “not modified” lists no links. An address that only
# led on is not copied; whoever linked to it stands for it
COPY_REFERRERS = """
    WITH RECURSIVE way AS (
        SELECT id, found_on AS led_from, 0 AS steps FROM crawls_crawlurl
        WHERE crawl_id = %(crawl)s AND found_on IS NOT NULL
        UNION ALL
        SELECT way.id, hop.found_on, way.steps + 1
        FROM way JOIN crawls_crawlurl hop ON hop.crawl_id = ANY(%(crawls)s) AND hop.id = way.led_from
        WHERE hop.state = 'redirected' AND hop.found_on IS NOT NULL AND way.steps < %(steps)s),
    referrer AS (
        SELECT DISTINCT ON (way.id) way.id, page.id AS page_id
        FROM way
        LEFT JOIN crawls_crawlurl said ON said.crawl_id = ANY(%(crawls)s) AND said.id = way.led_from
        LEFT JOIN crawls_crawlurl page ON page.crawl_id = %(crawl)s AND page.fingerprint = said.fingerprint
        ORDER BY way.id, page.id IS NULL, way.steps)
    UPDATE crawls_crawlurl AS url SET found_on = referrer.page_id FROM referrer
    WHERE url.crawl_id = %(crawl)s AND url.id = referrer.id"""


def copy_known(crawl: Crawl) -> int:
    """Fill the new crawl's frontier with them; returns how many addresses were new. Call with the crawl locked."""
    earlier = _find_earlier(crawl)
    values: dict[str, Any] = {
        "crawl": crawl.pk,
        "crawls": [one.pk for one in earlier],
        "same_links": [one.pk for one in earlier if rules.knows_links(one.spec, crawl.spec)],
        "same_items": [one.pk for one in earlier if rules.knows_items(one.spec, crawl.spec)],
        "passing": list(PASSING_TROUBLES),
        "steps": REDIRECT_STEPS,
    }
    if not values["same_links"]:
        return 0
    with connection.cursor() as cursor:
        # Postgres has no statistics of rows this new: it takes them for a few, and would compare all with all
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(COPY_KNOWN, values)
        added = sum(is_new for (is_new,) in cursor.fetchall())
        cursor.execute(COPY_REFERRERS, values)
        cursor.execute("RESET enable_nestloop")
    return added


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
