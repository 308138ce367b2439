"""Ways in which a page leads on or shows a picture."""

from __future__ import annotations

import pytest
from lxml import html

from lifecycle.contracts.crawl import CrawlSpec
from tests.sites import article
from tests.workers.engines.crawl.test_crawl import WORDS
from workers.engines.crawl.links import LinkCollector, LinkRules, collect_links, find_refresh

START = "https://mills.example/docs/"


@pytest.mark.parametrize(
    "content, url",
    [
        ("0; url=latest/", START + "latest/"), ("0;URL='/en/'", "https://mills.example/en/"),
        ("5, /slow", "https://mills.example/slow"),
        ("300; url=/news", ""), ("0", ""), ("30", ""), ("0; url=#part", ""), ("0; url=" + START, ""),
        ("soon; url=/x", ""),
    ],
)  # fmt: skip
def test_a_refresh_leads_on_unless_the_page_stays_or_loads_itself(content, url):
    tree = html.fromstring(f'<html><head><meta http-equiv="Refresh" content="{content}"></head><body></body></html>')

    assert find_refresh(tree, START) == url


def test_a_refresh_is_followed_and_checked_like_a_redirect(site, walk):
    leads = {"/": "/latest/", "/away": "http://other.example/", "/denied": "/private", "/loop": "/loop2"}
    for path, to in {**leads, "/loop2": "/loop"}.items():
        site.page(path, f'<html><head><meta http-equiv="refresh" content="0; url={to}"></head></html>')
    site.page("/latest/", article("Docs", WORDS, ["/away", "/denied", "/loop"]))

    found = walk(site, deny=("private",))

    assert (found["/"].state, found["/latest/"].state) == ("redirected", "done")
    assert (found["/away"].error_kind, found["/denied"].error_kind) == ("redirects", "redirects")
    assert "another site" in found["/away"].error and site.hits["/private"] == 0
    assert found["/loop2"].state == "redirected" and site.hits["/loop"] == 1


@pytest.mark.parametrize(
    "body",
    [
        '<img data-original="/a.png" src="/blank.gif">', '<img data-lazy-src="/a.png" src="data:image/gif;base64,R0">',
        '<video poster="/a.png"></video>', '<link rel="image_src" href="/a.png">',
        """<div style="color: red; background-image: url('/a.png')"></div>""",
        '<div style="background: #fff url(/a.png) no-repeat; width: 3px"></div>',
        '<img data-lazy-srcset="/b.png 1x, /a.png 2x">', '<img data-lazy="/a.png" src="/blank.gif">',
        '<input type="image" src="/a.png"><input type="text" src="/b.png">',
        '<meta name="twitter:image" content="/a.png">',
        '<svg><image href="/a.png"/></svg>', '<svg><image xlink:href="/a.png"/></svg>', '<div data-bg="/a.png"></div>',
        """<p data-bg="url('/a.png')"></p><p data-bg="#ffffff"></p><p data-bg=""></p>""",
        '<object data="/a.png"></object><object data="/b.pdf"></object>',
    ],
)  # fmt: skip
def test_pictures_are_found_in_whatever_way_they_are_shown(body):
    spec = CrawlSpec(start_urls=(START,), item_kind="image", take="images")
    collector = LinkCollector(LinkRules(spec), depth=0)

    collect_links(
        html.fromstring(f"<html><body>{body}<p style='background: url(data:x)'></p></body></html>"), START, collector
    )

    assert [link["url"] for link in collector.links] == ["https://mills.example/a.png"]


def test_pages_that_stand_in_frames_are_reached():
    """As in documentation of old, where the start has no other link."""
    collector = LinkCollector(LinkRules(CrawlSpec(start_urls=(START,))), depth=0)
    frames = '<frame src="toc.html"><frame src="//ads.example/"><frame>'

    collect_links(html.document_fromstring(f"<html><frameset cols='1,2'>{frames}</frameset></html>"), START, collector)

    assert [(link["url"], link["depth"]) for link in collector.links] == [(START + "toc.html", 1)]
    assert collector.dropped == {"another site": 1}
