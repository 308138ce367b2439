"""The moment that a page or picture is of: as it was written for machines, never when it was fetched."""

from __future__ import annotations

import pytest
from parsel import Selector

from workers.engines.crawl.published import find_published, read_last_modified

DAY = "2024-03-05T10:00:00+00:00"


@pytest.mark.parametrize(
    ("html", "origin"),
    [
        ('<meta property="article:published_time" content="2024-03-05T12:00:00+02:00">', "meta article:published_time"),
        ('<script type="application/ld+json">{"@graph": [{"@type": "Person"}, {"datePublished": "2024-03-05T10:00Z"}]}'
         "</script>", "JSON-LD datePublished"),
        ('<meta name="DC.date.issued" content="2024-03-05 10:00:00">', "meta dc.date.issued"),
        ('<body><time datetime="2024-03-05T10:00:00Z">5 March</time></body>', "time datetime"),
        ('<body><time datetime="2023-01-01T00:00Z">old</time><time itemprop="datePublished" '
         'datetime="2024-03-05T10:00:00Z">5 March</time></body>', "time datetime"),
    ],
)  # fmt: skip
def test_a_page_says_when_it_was_published(html, origin):
    assert find_published(read(html)) == {"event_time": DAY, "event_time_origin": origin}


@pytest.mark.parametrize(
    "html",
    [
        "<body>Published on 5 March 2024</body>",
        '<meta property="article:published_time" content="0000-00-00T00:00:00Z">',
        '<meta property="article:published_time" content="2999-01-01">',
        '<script type="application/ld+json">{"datePublished": ["2024"</script>',
        '<script type="application/ld+json">{"datePublished": {"@value": 7}}</script>',
        '<body><time datetime="2024-01-01T00:00Z">a</time><time datetime="2024-02-02T00:00Z">b</time></body>',
    ],
)
def test_what_cannot_be_or_is_not_of_the_page_is_no_date(html):
    assert find_published(read(html)) == {}


def test_one_that_cannot_be_gives_way_to_the_next():
    html = '<meta property="article:published_time" content="soon"><body><time datetime="2024-03-05T10:00Z">x</time>'

    assert find_published(read(html))["event_time_origin"] == "time datetime"


def test_a_server_says_when_a_picture_was_made():
    assert read_last_modified("Tue, 05 Mar 2024 10:00:00 GMT") == {
        "event_time": DAY,
        "event_time_origin": "Last-Modified",
    }
    for header in (
        "",
        "yesterday",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 01 Jan 2999 00:00:00 GMT",
        "Tue, 99 Mar 2024",
    ):
        assert read_last_modified(header) == {}


def read(html: str):
    return Selector(text=f"<html><head>{html}</head></html>" if "<body" not in html else f"<html>{html}</html>").root
