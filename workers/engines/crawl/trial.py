"""One address tried: what the crawl would take from it, what it would follow, what it would leave out and why."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from lifecycle.contracts.crawl import CrawlSpec, FoundItem, Outcome
from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.picture_depth import flatten_depth
from workers.engines.crawl.memory import MemoryFrontier
from workers.engines.crawl.run import run
from workers.engines.ingest.identity import compute_hash

MAX_PICTURES = 8
SHOWN_ITEMS = 20
SHOWN_LINKS = 60
SHOWN_CHARS = 2_000
THUMBNAIL_PIXELS = 160


def run_trial(
    spec: CrawlSpec, url: str, *, workdir: str | Path, report: Report, should_stop: ShouldStop
) -> dict[str, Any]:
    """Fetch one address (and a few of its pictures) under the crawl's own rules; nothing is kept. JSON comes back.

    Redirects are followed; links are judged and listed, not fetched.
    """
    role = "sitemap" if url in spec.sitemaps else "page"
    alone = replace(spec, max_pages=1)  # the starts stay the crawl's: they decide the scope, and who gets the secrets
    seeds = replace(alone, start_urls=(url,), sitemaps=(), uses_robots_sitemaps=False)
    frontier = MemoryFrontier(seeds, max_images=MAX_PICTURES if spec.take == "images" else 0)
    frontier.targets[1] = replace(frontier.targets[1], role=role)
    pictures: dict[str, bytes] = {}

    def keep(contents: Sequence[bytes]) -> list[str]:
        for content in contents:
            pictures[compute_hash(content)] = content
        return []

    run(alone, frontier=_Narrow(frontier), workdir=workdir, report=report, should_stop=should_stop, put_blobs=keep)
    return _describe(url, frontier, pictures)


class _Narrow:
    """The frontier of a trial: of what a page leads to, only pictures and redirects are fetched."""

    def __init__(self, frontier: MemoryFrontier):
        self._frontier = frontier
        self.claim, self.check, self.next_due = frontier.claim, frontier.check, frontier.next_due

    def record(self, outcomes: Sequence[Outcome]) -> str:
        followed = []
        for outcome in outcomes:
            keeps = outcome.links if outcome.state == "redirected" else [x for x in outcome.links if x.role == "image"]
            followed.append(replace(outcome, links=tuple(keeps)))
        wanted = self._frontier.record(followed)
        self._frontier.outcomes[-len(outcomes) :] = outcomes
        return wanted


def _describe(url: str, frontier: MemoryFrontier, pictures: dict[str, bytes]) -> dict[str, Any]:
    pages = [o for o in frontier.outcomes if o.role != "image"]
    last = pages[-1] if pages else Outcome(0, "failed", error="Nothing was fetched.")
    items = [item for outcome in frontier.outcomes for item in outcome.items]
    links = [link for link in last.links if link.role != "image"]
    refused = [found for outcome in frontier.outcomes for found in outcome.set_aside]
    contract = next((o.contract for o in reversed(frontier.outcomes) if o.contract), None)
    return {
        "url": url,
        "hops": [[frontier.targets[o.id].url, o.status] for o in pages[:-1]],
        "final_url": frontier.targets[last.id].url if last.id else url,
        "state": last.state,
        "status": last.status,
        "error_kind": last.error_kind,
        "error": last.error,
        "warning": last.warning,
        "mime": last.mime,
        "byte_size": last.byte_size,
        "seconds": last.latency_seconds,
        "robots": last.robots,
        "license": last.license,
        "title": last.title,
        "has_marks": bool(last.etag or last.last_modified),
        "item_count": len(items),
        "items": [_show(item, pictures) for item in items[:SHOWN_ITEMS]],
        "set_aside": [[found.source, found.reason] for found in refused[:SHOWN_ITEMS]],
        "contract": contract.to_json() if contract else None,
        "picture_count": sum(link.role == "image" for link in last.links),
        "link_count": len(links),
        "links": [link.url for link in links[:SHOWN_LINKS]],
        "dropped": [list(pair) for o in pages for pair in o.dropped],
        "columns": [list(pair) for pair in last.columns],
    }


def _show(item: FoundItem, pictures: dict[str, bytes]) -> dict[str, Any]:
    return {
        "source_uri": item.source_uri,
        "text": (item.text or "")[:SHOWN_CHARS],
        "is_cut": len(item.text or "") > SHOWN_CHARS,
        "row": json.loads(item.row) if item.row else None,
        "label": item.label,
        "mime": item.mime,
        "width": item.width,
        "height": item.height,
        "byte_size": item.byte_size,
        "thumbnail": _draw(pictures.get(item.blob or "", b"")),
    }


def _draw(content: bytes) -> str:
    """A small picture as a data URL; it was decoded within limits before."""
    if not content:
        return ""
    with Image.open(io.BytesIO(content)) as image:
        small = flatten_depth(image).convert("RGB")
        small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
