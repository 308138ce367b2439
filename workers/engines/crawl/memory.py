"""A frontier in memory, with the real one's manners: for tests, for trying one address, and for notebooks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from lifecycle.contracts.crawl import CrawlSpec, FoundLink, Outcome, Target
from workers.engines.crawl.addresses import parse_address


class MemoryFrontier:
    """Keeps every outcome; `max_images` bounds the pictures that a trial fetches."""

    def __init__(self, spec: CrawlSpec, *, max_images: int | None = None):
        self.spec = spec
        self.targets: dict[int, Target] = {}
        self.outcomes: list[Outcome] = []
        self.links: dict[int, FoundLink] = {}
        self.wanted = "run"
        self._max_images = max_images
        self._known: set[str] = set()
        self._waiting: list[tuple[int, int]] = []  # (depth, id)
        self._due: dict[int, float] = {}
        self._pages = 0
        for link in list_seeds(spec):
            self._add(link)

    def claim(self, count: int, *, avoid_hosts: Sequence[str] = ()) -> list[Target]:
        claimed: list[Target] = []
        now = time.monotonic()
        for entry in sorted(self._waiting):
            target = self.targets[entry[1]]
            is_page = target.role == "page"
            is_held = self._due.get(target.id, 0.0) > now or urlsplit(target.url).netloc.lower() in avoid_hosts
            if is_held or (is_page and self._pages >= self.spec.max_pages):
                continue
            self._waiting.remove(entry)
            self._pages += is_page
            claimed.append(target)
            if len(claimed) >= count:
                break
        return claimed

    def record(self, outcomes: Sequence[Outcome]) -> str:
        for outcome in outcomes:
            self.outcomes.append(outcome)
            for link in outcome.links:
                self._add(link)
            if outcome.state == "again":
                self._again(outcome)
            elif outcome.role == "page" and outcome.state in ("redirected", "skipped"):
                self._pages -= 1
        return self.wanted

    def check(self) -> str:
        return self.wanted

    def next_due(self) -> float | None:
        has_room = self._pages < self.spec.max_pages
        waiting = [i for _, i in self._waiting if has_room or self.targets[i].role != "page"]
        if not waiting:
            return None
        return max(min(self._due.get(i, 0.0) for i in waiting) - time.monotonic(), 0.0)

    def _again(self, outcome: Outcome) -> None:
        old = self.targets[outcome.id]
        target = Target(**{**vars(old), "attempts": old.attempts + outcome.counts_as_attempt})
        self.targets[outcome.id] = target
        self._due[outcome.id] = time.monotonic() + outcome.wait_seconds
        self._waiting.append((target.depth, target.id))
        self._pages -= target.role == "page"

    def _add(self, link: FoundLink) -> None:
        if link.fingerprint in self._known:
            return
        if link.role == "image" and self._max_images is not None:
            if self._max_images <= 0:
                return
            self._max_images -= 1
        self._known.add(link.fingerprint)
        number = len(self.targets) + 1
        self.targets[number] = Target(number, link.url, link.role, link.depth, hops=link.hops)
        self.links[number] = link
        self._waiting.append((link.depth, number))


def list_seeds(spec: CrawlSpec) -> list[FoundLink]:
    """Where a crawl begins. ValueError for an address that cannot be fetched."""
    wanted = [(url, "page") for url in spec.start_urls] + [(url, "sitemap") for url in spec.sitemaps]
    if spec.uses_robots_sitemaps:
        hosts = {"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in spec.start_urls}
        wanted += [(f"{host}/robots.txt", "sitemap") for host in sorted(hosts)]
    seeds = []
    for url, role in wanted:
        address = parse_address(url)
        seeds.append(FoundLink(address.url, address.fingerprint, address.host, role, 0))
    return seeds
