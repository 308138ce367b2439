"""One response into one outcome: its links, its items, what it says about itself. No network here."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from parsel import Selector
from scrapy.http import Response, TextResponse
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap, sitemap_urls_from_robots

from lifecycle.contracts.crawl import CrawlSpec, Target
from workers.engines.crawl import extract, rights
from workers.engines.crawl.encoding import decode
from workers.engines.crawl.errors import classify_status, find_too_large, find_wait
from workers.engines.crawl.links import LinkCollector, LinkRules, collect_links, find_refresh, join_address

logger = logging.getLogger(__name__)
MAX_HOPS = 10
MOVED_FOR_GOOD = (301, 308)
REDIRECTS = (301, 302, 303, 307, 308)
Read = tuple[dict[str, Any], list[bytes]]  # an outcome as JSON, and the pictures behind it


class Reader:
    """Made once per crawl, called once per response."""

    def __init__(self, spec: CrawlSpec):
        self.spec = spec
        self.rules = LinkRules(spec)
        self.extractor = extract.Extractor(spec)

    def read(self, response: Response, target: Target) -> Read:
        """The outcome of a response. A page that no parser survives is an outcome too."""
        outcome = self._describe(response, target)
        if response.status == 304:
            return outcome | {"state": "unchanged"}, []
        if response.status in REDIRECTS:
            return self._read_redirect(response, target, outcome), []
        if response.status >= 400 or response.status < 200:
            return self._read_refusal(response, target, outcome), []
        outcome["body_hash"] = hashlib.sha256(response.body).hexdigest()[:32]
        try:
            return self._read_content(response, target, outcome)
        except Exception as error:
            logger.exception("cannot read %s", target.url)
            said = f"The page cannot be read ({type(error).__name__})."
            return outcome | {"state": "failed", "error_kind": "unreadable", "error": said}, []

    def _describe(self, response: Response, target: Target) -> dict[str, Any]:
        header = lambda name: (response.headers.get(name) or b"").decode("latin-1")[:300]  # noqa: E731
        robots = ", ".join(v.decode("latin-1") for v in response.headers.getlist("X-Robots-Tag"))[:300]
        return {
            "id": target.id,
            "state": "done",
            "role": target.role,
            "status": response.status,
            "mime": header("Content-Type").partition(";")[0].strip().lower()[:60],
            "byte_size": len(response.body),
            "etag": header("ETag") or target.etag * (response.status == 304),
            "last_modified": header("Last-Modified") or target.last_modified * (response.status == 304),
            "robots": robots,
            "license": rights.find_in_header([v.decode("latin-1") for v in response.headers.getlist("Link")]),
            "latency_seconds": round(response.meta.get("download_latency", 0.0), 4),
        }

    def _read_redirect(self, response: Response, target: Target, outcome: dict[str, Any]) -> dict[str, Any]:
        location = (response.headers.get("Location") or b"").decode("latin-1")
        return self._lead_on(target, outcome, join_address(target.url, location) or location if location else "")

    def _lead_on(self, target: Target, outcome: dict[str, Any], url: str) -> dict[str, Any]:
        if target.hops >= MAX_HOPS:
            said = f"More than {MAX_HOPS} redirects, one after the other."
            return outcome | {"state": "failed", "error_kind": "redirects", "error": said}
        collector = LinkCollector(self.rules, depth=target.depth, hops=target.hops + 1)
        collector.add(url, target.role, target.depth)
        outcome |= {"state": "redirected", "links": collector.links, "error": f"to {url}"[:300]}
        there = self.rules.judge(url, target.role)
        if outcome["status"] in MOVED_FOR_GOOD and not isinstance(there, str):
            outcome["moved_to"] = there.fingerprint
        if collector.dropped:
            why = next(iter(collector.dropped))
            outcome |= {"state": "skipped", "error_kind": "redirects", "error": f"It leads to {url}: {why}."[:300]}
        return outcome

    def _read_refusal(self, response: Response, target: Target, outcome: dict[str, Any]) -> dict[str, Any]:
        trouble = classify_status(response.status)
        after = (response.headers.get("Retry-After") or b"").decode("latin-1")
        wait = find_wait(self.spec, target.attempts, after)
        return outcome | {
            "state": trouble.state,
            "error_kind": trouble.kind,
            "error": trouble.sentence,
            "wait_seconds": wait if trouble.state == "again" else 0.0,
        }

    def _read_content(self, response: Response, target: Target, outcome: dict[str, Any]) -> Read:
        if target.role == "sitemap":
            return self._read_sitemap(response, target, outcome), []
        if target.role == "image" or outcome["mime"].startswith("image/"):
            return self._read_image(response, target, outcome)
        if not isinstance(response, TextResponse) or not _is_page(outcome["mime"]):
            said = f"It is {outcome['mime'] or 'of an unknown type'}, not a page."
            return outcome | {"state": "skipped", "error_kind": "not a page", "error": said}, []
        return self._read_page(response, target, outcome)

    def _read_image(self, response: Response, target: Target, outcome: dict[str, Any]) -> Read:
        if self.spec.take != "images":
            said = "It is a picture; this crawl takes none."
            return outcome | {"state": "skipped", "error_kind": "not a page", "error": said}, []
        if target.body_hash == outcome["body_hash"]:
            return outcome | {"state": "unchanged"}, []
        outcome["license"] = outcome["license"] or rights.find_in_picture(response.body)
        harvest = self.extractor.read_picture(target.url, response.body, outcome["last_modified"])
        return self._add_harvest(harvest, outcome)

    def _read_page(self, response: TextResponse, target: Target, outcome: dict[str, Any]) -> Read:
        text, outcome["warning"] = decode(response)
        if not text.strip():
            return outcome | {"warning": "The page is empty."}, []
        tree = Selector(text=text, type="html").root
        meta = extract.find_meta_robots(tree)
        outcome["robots"] = ", ".join(filter(None, (outcome["robots"], meta)))[:300]
        outcome["license"] = rights.find_in_page(tree) or outcome["license"]
        outcome["title"] = extract.find_title(tree)
        collector = LinkCollector(self.rules, depth=target.depth)
        if self.spec.obeys_robots and _says(outcome["robots"], "nofollow"):
            outcome["warning"] = "The page asks that its links are not followed."
        elif url := find_refresh(tree, target.url):
            return self._lead_on(target, outcome, url), []
        else:
            collect_links(tree, target.url, collector)
        outcome |= {"links": collector.links, "dropped": list(collector.dropped.items())}
        if target.body_hash == outcome["body_hash"]:
            return outcome | {"state": "unchanged"}, []
        if self.spec.take == "images":
            return outcome, []
        harvest = self.extractor.read_page(target.url, tree, len(response.body), outcome["title"])
        return self._add_harvest(harvest, outcome)

    def _read_sitemap(self, response: Response, target: Target, outcome: dict[str, Any]) -> dict[str, Any]:
        body = response.body
        if gzip_magic_number(response):
            try:
                body = gunzip(body, max_size=self.spec.max_bytes)
            except ValueError:  # more than max_size
                trouble = find_too_large(self.spec)
                return outcome | {"state": trouble.state, "error_kind": trouble.kind, "error": trouble.sentence}
        collector = LinkCollector(self.rules, depth=target.depth, hops=target.hops)
        for url, role in self._iterate_sitemap(target.url, body):
            if target.hops >= MAX_HOPS and role == "sitemap":
                continue
            collector.add(join_address(target.url, url) or url, role, 0)
        links = [link | {"hops": target.hops + 1} if link["role"] == "sitemap" else link for link in collector.links]
        outcome |= {"links": links, "dropped": list(collector.dropped.items())}
        return outcome if links or collector.dropped else outcome | {"warning": "No address was found in it."}

    def _iterate_sitemap(self, url: str, body: bytes) -> Iterable[tuple[str, str]]:
        if url.endswith("/robots.txt"):
            yield from ((found, "sitemap") for found in sitemap_urls_from_robots(body, base_url=url))
        elif b"<" not in body[:500]:  # the plain form: one address a line
            lines = body.decode("utf-8", "replace").splitlines()
            yield from ((line.strip(), "page") for line in lines if line.strip())
        else:
            sitemap = Sitemap(body)
            role = "sitemap" if sitemap.type == "sitemapindex" else "page"
            yield from ((entry["loc"], role) for entry in sitemap if entry.get("loc"))

    def _add_harvest(self, harvest: extract.Harvest, outcome: dict[str, Any]) -> Read:
        records, blobs = [], []
        for record, content in harvest.items:
            records.append(dict(zip(_ITEM_FIELDS, _pick(record), strict=True)))
            if content is not None:
                blobs.append(content)
        contract, observed, notes = harvest.said
        outcome |= {
            "items": records,
            "set_aside": [list(refused) for refused in harvest.set_aside],
            "columns": list(harvest.columns.items()),
            "contract": contract.to_json() if contract else None,
            "observed": [(name, asdict(seen)) for name, seen in observed.items()],
            "notes": list(notes),
        }
        return outcome, blobs


_ITEM_FIELDS = (
    "content_hash", "blob", "text", "row", "label", "group", "source_uri", "mime", "width", "height", "byte_size",
    "fingerprint", "near_prints", "picture_print", "event_time", "event_time_origin",
)  # fmt: skip


def _pick(record: Any) -> list[Any]:
    """As JSON can say it."""
    values = (getattr(record, name) for name in _ITEM_FIELDS)
    return [value.hex() if isinstance(value, bytes) else value for value in values]


def _is_page(mime: str) -> bool:
    return mime in ("", "text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")


def _says(robots: str, word: str) -> bool:
    """Does a robots tag hold the word, for everybody?"""
    words = {part.strip().lower() for part in robots.split(",")}
    return word in words or "none" in words
