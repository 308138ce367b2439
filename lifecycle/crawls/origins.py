"""What crawled pages said of themselves: licenses, wishes about robots, hosts and days, counted for a set of items."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

SHOWN = 12
WISHES = ("noai", "noimageai", "noindex", "none", "noarchive")  # directives of robots metas and X-Robots-Tag
# An item that a crawl brought is counted once, by the first address that gave it: that row is as old as the item and
# never changes, whatever later crawls find.
_COUNT = """
    WITH first AS (
        SELECT DISTINCT ON (found.item_id) crawl.source_id, crawl.collection_id, found.license, found.robots,
               found.fetched_at,
               lower(coalesce(substring(found.url from '^[A-Za-z]+://(?:[^/?#]*@)?([^/?#]+)'), 'unknown')) AS host
        FROM unnest(%s::bigint[], %s::bigint[]) AS run (first, last)
        JOIN crawls_crawlitem found ON found.item_id BETWEEN run.first AND run.last
        JOIN crawls_crawl crawl ON crawl.id = found.crawl_id
        JOIN datasets_item item ON item.id = found.item_id AND item.collection_id = crawl.collection_id
        ORDER BY found.item_id, found.id)
    SELECT source_id, license, robots, host, count(*), max(collection_id), min(fetched_at), max(fetched_at)
    FROM first GROUP BY 1, 2, 3, 4"""


@dataclass
class Origin:
    """The items of one site. Lists are (words, items), the most first, SHOWN at most; `more_…` says what was cut."""

    source_id: int
    first_at: datetime
    last_at: datetime
    collection_id: int = 0  # the newest import of the site among those asked for
    items: int = 0
    licenses: list[tuple[str, int]] = field(default_factory=list)  # "" where the page says nothing
    more_licenses: int = 0
    hosts: list[tuple[str, int]] = field(default_factory=list)
    more_hosts: int = 0
    wishes: Counter[str] = field(default_factory=Counter)  # {directive of WISHES: items}


def count_origins(firsts: Sequence[int], lasts: Sequence[int]) -> list[Origin]:
    """Of the items in these runs of ids those that crawls brought, by site, the largest first."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(firsts), list(lasts)])
        rows = cursor.fetchall()
    found: dict[int, Origin] = {}
    licenses: dict[int, Counter[str]] = defaultdict(Counter)
    hosts: dict[int, Counter[str]] = defaultdict(Counter)
    for source_id, license_, robots, host, items, collection_id, first_at, last_at in rows:
        origin = found.setdefault(source_id, Origin(source_id, first_at=first_at, last_at=last_at))
        origin.items += items
        origin.collection_id = max(origin.collection_id, collection_id)
        origin.first_at, origin.last_at = min(origin.first_at, first_at), max(origin.last_at, last_at)
        origin.wishes.update({wish: items for wish in read_wishes(robots)})
        licenses[source_id][license_] += items
        hosts[source_id][host] += items
    for origin in found.values():
        origin.licenses, origin.more_licenses = _cut(licenses[origin.source_id])
        origin.hosts, origin.more_hosts = _cut(hosts[origin.source_id])
    return sorted(found.values(), key=lambda origin: (-origin.items, origin.source_id))


def _cut(counts: Counter[str]) -> tuple[list[tuple[str, int]], int]:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ranked[:SHOWN], max(len(ranked) - SHOWN, 0)


def read_wishes(robots: str) -> set[str]:
    """The directives of WISHES in what a page or its headers say, also where they name a robot."""
    return {word for word in re.findall(r"[a-z]+", robots.lower()) if word in WISHES}
