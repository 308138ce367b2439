"""A site, and a crawl of it without a database."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from lifecycle.contracts.crawl import CrawlSpec, FieldRule
from tests.sites import serve
from workers.engines import crawl as engine

FAST = CrawlSpec(
    private_addresses="127.0.0.1",
    requests_per_second=0,
    is_adaptive=False,
    concurrency_per_host=8,
    retry_seconds=0.05,
    timeout_seconds=10,
)
PARAGRAPHS = {"take": "fields", "fields": (FieldRule("words", "p", role="text"),)}  # no text finder to load: 0.4 s


class Notes:
    """A report that keeps what it is told."""

    def __init__(self):
        self.lines = []

    def progress(self, fraction, message=""):
        self.message = message

    def log(self, message, level="info"):
        self.lines.append(message)

    def metrics(self, step, values): ...

    def checkpoint(self, path, step): ...


@pytest.fixture
def site():
    with serve() as site:
        yield site


@pytest.fixture
def crawl(tmp_path):
    """crawl(site, take="text", …) fetches a whole site; answers the outcome of each path, all in `.frontier`."""
    return partial(run_crawl, tmp_path)


@pytest.fixture
def walk(crawl):
    """crawl, where only the way matters and not what is taken: it starts sooner."""
    return partial(crawl, **PARAGRAPHS)


def run_crawl(folder, site, **options) -> Crawled:
    start = options.pop("start", ["/"])
    spec = replace(FAST, start_urls=tuple(site.base + path for path in start), **options)
    frontier = engine.MemoryFrontier(spec)
    stored = []
    result = engine.run(
        spec, frontier=frontier, workdir=folder, report=Notes(), should_stop=lambda: False,
        put_blobs=lambda contents: stored.extend(contents) or [],
    )  # fmt: skip
    assert result.ended == "done"
    return Crawled(site, frontier, stored)


class Crawled:
    def __init__(self, site, frontier, stored):
        self.site, self.frontier, self.stored = site, frontier, stored

    def __getitem__(self, path):
        """The last outcome of a path."""
        found = [o for o in self.frontier.outcomes if self.frontier.targets[o.id].url == self.site.base + path]
        return found[-1]

    @property
    def items(self):
        return [item for outcome in self.frontier.outcomes for item in outcome.items]

    @property
    def paths(self):
        return sorted({self.frontier.targets[o.id].url.removeprefix(self.site.base) for o in self.frontier.outcomes})
