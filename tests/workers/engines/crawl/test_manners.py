"""Politeness as the site sees it: how often it is asked, by how many at once, as whom, and what its refusals change.

Gaps are measured by the site and only have a least length: a slow machine makes them longer, never shorter.
"""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from tests.sites import article, serve
from tests.workers.engines.crawl.test_crawl import WORDS, picture

EARLY = 0.05  # seconds by which a request may seem early: clocks and threads


def fill(site, count, seconds=0.0):
    """A start page and `count` others, each answered after `seconds`."""
    pages = [f"/p{n}" for n in range(count)]
    site.page("/", article("Start", WORDS, pages))

    def slow(path):
        def answer(handler):
            time.sleep(seconds)
            return 200, {"Content-Type": "text/html"}, article(path, WORDS + path).encode()

        return answer

    site.routes |= {path: slow(path) for path in pages}
    return pages


class Refuses:
    """Says no the first times: with this status and these headers."""

    def __init__(self, status, times, **headers):
        self.status, self.times, self.asked = status, times, []
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def __call__(self, handler):
        self.asked.append(time.monotonic())
        if len(self.asked) <= self.times:
            headers = {name: value() if callable(value) else value for name, value in self.headers.items()}
            return self.status, headers, b"later"
        return 200, {"Content-Type": "text/html"}, article("At last", WORDS).encode()

    def gaps(self):
        return [later - earlier for earlier, later in zip(self.asked, self.asked[1:], strict=False)]


@pytest.mark.parametrize("is_adaptive", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_host_is_asked_no_more_often_than_the_rate_allows(site, walk, is_adaptive):
    pages = fill(site, 6)

    found = walk(site, requests_per_second=5, is_adaptive=is_adaptive)

    assert len(found.items) == len(pages) + 1
    assert min(site.gaps()) >= 0.2 - EARLY


def test_each_host_has_a_rate_of_its_own(site, walk):
    with serve("127.0.0.2") as other:
        fill(other, 4)
        pages = [f"{other.base}/p{n}" for n in range(4)]
        site.page("/", article("Start", WORDS, [*pages, *fill(site, 4)]))
        walk(site, scope="any", requests_per_second=2, private_addresses="127.0.0.1, 127.0.0.2")

        assert min(site.gaps()) >= 0.5 - EARLY and min(other.gaps()) >= 0.5 - EARLY
        both = sorted(when for one in (site, other) for when, path in one.asked if path != "/robots.txt")
        assert min(later - earlier for earlier, later in zip(both, both[1:], strict=False)) < 0.45


@pytest.mark.parametrize("is_adaptive", [pytest.param(False, marks=pytest.mark.long), True])
def test_the_pause_that_robots_txt_asks_for_is_kept_however_fast_the_site_answers(site, walk, is_adaptive):
    site.routes["/robots.txt"] = (200, {}, b"User-agent: *\nCrawl-delay: 0.5")
    pages = fill(site, 5)

    found = walk(site, requests_per_second=0, is_adaptive=is_adaptive)

    assert len(found.items) == len(pages) + 1
    assert min(site.gaps()) >= 0.5 - EARLY


def test_no_more_requests_are_open_at_once_than_a_host_allows(site, walk):
    fill(site, 12, seconds=0.15)

    walk(site, concurrency_per_host=3, concurrency=16)

    assert 2 <= site.most_at_once <= 3


def test_all_hosts_together_have_a_limit_too(site, walk):
    with serve("127.0.0.2") as other:
        fill(other, 8, seconds=0.15)
        pages = [f"{other.base}/p{n}" for n in range(8)]
        site.page("/", article("Start", WORDS, [link for pair in zip(fill(site, 8, 0.15), pages, strict=True)
                                                for link in pair]))  # fmt: skip
        open_now = []
        watch = lambda: open_now.append(site.at_once + other.at_once)  # noqa: E731
        for one in (site, other):
            for path, route in list(one.routes.items()):
                if callable(route):
                    one.routes[path] = lambda handler, route=route: (watch(), route(handler))[1]
        walk(site, scope="any", concurrency_per_host=8, concurrency=3, private_addresses="127.0.0.1, 127.0.0.2")

    assert sum(other.hits[f"/p{n}"] for n in range(8)) == 8
    assert 2 <= max(open_now) <= 3


def test_the_site_is_told_who_asks_and_its_rules_for_that_agent_count(site, walk):
    site.routes["/robots.txt"] = (
        200, {}, b"User-agent: *\nDisallow: /\n\nUser-agent: MillBot\nDisallow: /p1\nCrawl-delay: 0.1",
    )  # fmt: skip
    fill(site, 3)

    found = walk(site, user_agent="MillBot/2.0 (+https://mills.example/bot)")

    agents = {sent["User-Agent"] for asked in site.headers.values() for sent in asked}
    assert agents == {"MillBot/2.0 (+https://mills.example/bot)"}
    assert (site.hits["/p0"], site.hits["/p1"], site.hits["/p2"]) == (1, 0, 1)
    assert found["/p1"].error_kind == "robots.txt"


def test_addresses_that_a_pattern_denies_or_none_allows_are_never_asked_for(site, walk):
    site.page("/", article("Start", WORDS, ["/news/1", "/news/1?print=1", "/shop/1", "/moved"]))
    site.routes["/moved"] = (302, {"Location": "/news/2?print=1"}, b"")
    site.fallback = lambda path: (200, {"Content-Type": "text/html"}, article(path, WORDS).encode())

    found = walk(site, allow=(r"/news/", r"/moved"), deny=(r"\?print=",))

    assert set(site.hits) == {"/robots.txt", "/", "/news/1", "/moved"}
    assert dict(found["/"].dropped) == {"a pattern denies it": 1, "no pattern allows it": 1}
    assert found["/moved"].error_kind == "redirects"


def test_pictures_are_filtered_by_type_and_size_in_bytes_and_kept_with_the_reason(site, crawl):
    site.page("/", '<img src="/big.png"><img src="/small.png"><img src="/photo.jpg">')
    big, small = picture("red", (400, 300)), picture("blue", (9, 9))
    site.routes["/big.png"] = (200, {"Content-Type": "image/png"}, big)
    site.routes["/small.png"] = (200, {"Content-Type": "image/png"}, small)
    site.routes["/photo.jpg"] = (200, {"Content-Type": "image/png"}, to_jpeg(big))  # by content, not by what is said

    found = crawl(site, item_kind="image", take="images", types=("image/png",), min_bytes=len(small) + 1)

    assert [item.source_uri for item in found.items] == [site.base + "/big.png"]
    refused = {path: found[path].set_aside[0] for path in ("/small.png", "/photo.jpg")}
    assert refused["/small.png"].reason == f"smaller than {len(small) + 1:,} bytes"
    assert refused["/photo.jpg"].reason == "the type is image/jpeg"
    assert refused["/photo.jpg"].row == {
        "url": site.base + "/photo.jpg", "format": "jpeg", "width": 400, "height": 300, "bytes": len(to_jpeg(big)),
    }  # fmt: skip


def to_jpeg(content):
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(content)).save(out, "JPEG")
    return out.getvalue()


def test_texts_below_the_least_size_are_set_aside_with_what_they_say(site, crawl):
    site.page("/", article("Start", WORDS, ["/short"]))
    site.page("/short", article("Short", "Grind slowly, said the miller to the young apprentice, and grind fine."))

    found = crawl(site, min_bytes=300)

    (refused,) = found["/short"].set_aside
    assert (len(found.items), refused.reason) == (1, "smaller than 300 bytes")
    assert refused.row["title"] == "Short" and "said the miller" in refused.row["text"]


def test_without_a_wish_the_pause_doubles_and_ends_after_the_last_attempt(site, walk):
    site.page("/", article("Start", WORDS, ["/down"]))
    site.routes["/down"] = down = Refuses(500, times=9)

    found = walk(site, retry_seconds=0.4, max_attempts=4)

    assert len(down.asked) == 4
    assert all(gap >= least - EARLY for gap, least in zip(down.gaps(), (0.4, 0.8, 1.6), strict=True))
    assert (found["/down"].state, found["/down"].error_kind) == ("failed", "HTTP 500")
    assert found["/down"].error.endswith("Tried 4 times.")


@pytest.mark.parametrize(
    ("status", "as_date"),
    [
        (429, True), (503, False),
        pytest.param(429, False, marks=pytest.mark.long), pytest.param(503, True, marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_a_busy_site_as_a_whole_gets_the_pause_it_asks_for(site, walk, status, as_date):
    """Also its other pages, whether they waited already or are found meanwhile."""
    wish = (lambda: formatdate(time.time() + 3, usegmt=True)) if as_date else "2"
    fill(site, 30)
    site.routes["/p0"] = busy = Refuses(status, times=1, Retry_After=wish)

    found = walk(site, concurrency_per_host=1, concurrency=4)

    (pause,) = busy.gaps()
    meanwhile = [when - busy.asked[0] for when, path in site.asked if 0.3 < when - busy.asked[0] < 1.9]
    assert pause >= 2 - EARLY and meanwhile == []
    assert len(found.items) == 31 and all(site.hits[f"/p{n}"] == 1 for n in range(1, 30))
