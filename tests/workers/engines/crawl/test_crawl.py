"""What a crawl takes from a well-behaved site."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace

from PIL import Image

from lifecycle.contracts.crawl import FieldRule
from tests.sites import article, serve
from tests.workers.engines.crawl.conftest import FAST, Notes
from workers.engines import crawl as engine
from workers.engines.crawl.process import Fetcher
from workers.engines.crawl.trial import run_trial

WORDS = "The mill by the river ground corn for the whole valley, and its wheel turned day and night. " * 8


def picture(color, size=(64, 48)):
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


def test_every_linked_page_is_fetched_once_and_gives_its_text(site, crawl):
    pages = [f"/p{n}.html" for n in range(30)]
    site.page("/", article("Start", WORDS, pages))
    for n, path in enumerate(pages):
        site.page(path, article(f"Page {n}", f"{WORDS} Number {n}.", ["/", "p0.html#part", *pages[: n + 2]]))

    found = crawl(site)

    assert len(found.items) == 31
    assert all(site.hits[path] == 1 for path in pages)
    assert "Number 7." in found["/p7.html"].items[0].text
    assert found["/p7.html"].title == "Page 7"


def test_robots_txt_is_obeyed_and_what_it_forbids_is_named(site, walk):
    site.routes["/robots.txt"] = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /private")
    site.page("/", article("Start", WORDS, ["/private/a", "/open"]))
    site.page("/open", article("Open", WORDS))

    found = walk(site)

    assert site.hits["/private/a"] == 0
    assert (found["/private/a"].state, found["/private/a"].error_kind) == ("skipped", "robots.txt")
    assert found["/open"].state == "done"


def test_a_host_whose_robots_txt_fails_is_left_alone_until_it_answers(site, walk):
    asked = []

    def robots(handler):
        asked.append(site.hits["/"])
        return (503, {}, b"") if len(asked) < 3 else (200, {}, b"User-agent: *\nDisallow: /private")

    site.routes["/robots.txt"] = robots
    site.page("/", article("Start", WORDS, ["/private/a"]))

    found = walk(site)

    assert asked == [0, 0, 0]
    assert (found["/"].state, found["/private/a"].error_kind) == ("done", "robots.txt")


def test_without_robots_everything_is_fetched(site, walk):
    site.routes["/robots.txt"] = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /")
    site.page("/", article("Start", WORDS))

    found = walk(site, obeys_robots=False)

    assert found["/"].state == "done"


def test_robots_wishes_and_licenses_are_kept(site, walk):
    body = article("Start", WORDS).replace("<head>", '<head><meta name="robots" content="noarchive">')
    body = body.replace("</p>", '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC BY</a></p>')
    site.page("/", body, X_Robots_Tag="noimageindex")

    outcome = walk(site)["/"]

    assert outcome.robots == "noimageindex, noarchive"
    assert outcome.license == "https://creativecommons.org/licenses/by/4.0/"


def test_patterns_depth_and_page_limits_hold(site, walk):
    site.fallback = lambda path: (200, {"Content-Type": "text/html"}, article(path, WORDS, [path + "a/"]).encode())

    assert walk(site, max_depth=3).paths == ["/", "/a/", "/a/a/", "/a/a/a/"]
    assert len(walk(site, max_depth=1000, max_pages=5).items) == 5
    assert walk(site, allow=(r"/$",), deny=(r"a/a/a/$",)).paths == ["/", "/a/", "/a/a/"]


def test_sitemaps_are_read_packed_and_nested(site, walk):
    listed = "".join(f"<url><loc>{site.base}/p{n}</loc></url>" for n in range(5))
    head = '<?xml version="1.0"?>'
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = f"{head}<sitemapindex {space}><sitemap><loc>{site.base}/s.xml.gz</loc></sitemap></sitemapindex>"
    packed = gzip.compress(f"{head}<urlset {space}>{listed}</urlset>".encode())
    site.routes["/robots.txt"] = (200, {}, f"Sitemap: {site.base}/index.xml".encode())
    site.routes["/index.xml"] = (200, {"Content-Type": "application/xml"}, index.encode())
    site.routes["/s.xml.gz"] = (200, {"Content-Type": "application/gzip"}, packed)
    site.page("/", article("Start", WORDS))
    for n in range(5):
        site.page(f"/p{n}", article(f"P{n}", WORDS + str(n)))

    found = walk(site, uses_robots_sitemaps=True)

    assert len(found.items) == 6


def test_pictures_are_checked_measured_and_filtered(site, crawl):
    site.page(
        "/",
        '<img src="red.png"><img srcset="small.png 100w, blue.png 900w"><img src="tiny.png"><img src="broken.png">'
        '<img src="drawing.svg"><a href="/green.png">big</a>',
    )
    for name, content in (
        ("red", picture("red")), ("blue", picture("blue")), ("green", picture("green")),
        ("tiny", picture("white", (8, 8))), ("broken", b"\x89PNG\r\n\x1a\n nothing"),
    ):  # fmt: skip
        site.routes[f"/{name}.png"] = (200, {"Content-Type": "image/png"}, content)

    found = crawl(site, item_kind="image", take="images", min_width=32)

    assert {item.source_uri.rsplit("/")[-1] for item in found.items} == {"red.png", "blue.png", "green.png"}
    assert [(item.width, item.height, item.mime) for item in found.items] == [(64, 48, "image/png")] * 3
    assert sorted(found.stored) == sorted([picture("red"), picture("blue"), picture("green")])
    assert "smaller than 32" in found["/tiny.png"].set_aside[0][1]
    assert found["/broken.png"].set_aside
    assert ("a vector picture", 1) in found["/"].dropped


def test_tables_become_rows_with_kinds(site, crawl):
    site.page(
        "/",
        "<table><tr><th>City</th><th>People</th></tr><tr><td>Ulm</td><td>126,000</td></tr></table>"
        "<table><tr><th>City</th><th>Mills</th></tr><tr><td rowspan=2>Ulm</td><td>3</td></tr><tr><td>4</td></tr>"
        "<tr><td>Köln</td><td>many</td></tr></table>",
    )

    found = crawl(site, item_kind="row", take="tables")

    rows = [json.loads(item.row) for item in found.items]
    assert {"City": "Ulm", "People": "126,000"} in rows
    assert {"City": "Ulm", "Mills": "4"} in rows
    assert ("City", "category") in found["/"].columns


def test_fields_are_found_by_css_and_xpath(site, crawl):
    site.page(
        "/",
        '<div class="quote"><p class="words">Grind slowly</p><b>Anna</b><i>7</i></div>'
        '<div class="quote"><p class="words">Grind <em>fine</em></p><b>Bert</b><i>x</i></div>',
    )
    fields = (
        FieldRule("words", "p.words"),
        FieldRule("author", ".//b/text()", "xpath", role="label"),
        FieldRule("stars", "i::text", kind="number"),
    )

    found = crawl(site, item_kind="row", take="fields", each="div.quote", fields=fields)

    assert [(json.loads(item.row), item.label) for item in found.items] == [
        ({"words": "Grind slowly", "stars": 7}, "Anna")
    ]
    assert "stars" in found["/"].set_aside[0][1]


def test_languages_are_kept_apart(site, crawl):
    site.page("/", article("Start", WORDS, ["/de"]))
    german = "Die Mühle am Fluss mahlte das Korn für das ganze Tal, und ihr Rad drehte sich Tag und Nacht. " * 8
    site.page("/de", article("Mühle", german))

    found = crawl(site, languages=("en",))

    assert len(found.items) == 1
    assert found["/de"].set_aside[0][1] == "the language is de"


def test_redirects_are_steps_of_their_own(site, walk):
    site.page("/", article("Start", WORDS, ["/old", "/away"]))
    site.routes["/old"] = (301, {"Location": "/new"}, b"")
    site.routes["/away"] = (302, {"Location": "http://example.org/"}, b"")
    site.page("/new", article("New", WORDS))

    found = walk(site)

    assert found["/old"].state == "redirected"
    assert found["/new"].state == "done"
    assert (found["/away"].state, found["/away"].error_kind) == ("skipped", "redirects")
    assert "another site" in found["/away"].error


def test_secrets_are_sent_to_the_start_host_only(site, walk):
    with serve("127.0.0.1") as other:
        other.page("/", article("Other", WORDS))
        site.page("/", article("Start", WORDS, [other.base + "/", "/next"]))
        site.page("/next", article("Next", WORDS))
        walk(site, scope="any", headers=(("Authorization", "Bearer s3cret"),), cookies=(("session", "abc"),))

        sent = site.headers["/next"][0]
        leaked = other.headers["/"][0]

    assert (sent["Authorization"], sent["Cookie"]) == ("Bearer s3cret", "session=abc")
    assert "Authorization" not in leaked and "Cookie" not in leaked


def test_an_unchanged_page_says_so(site, tmp_path, crawl):
    site.page("/", article("Start", WORDS), ETag='"one"')
    first = crawl(site)["/"]

    def conditional(handler):
        is_same = handler.headers.get("If-None-Match") == '"one"'
        return (304, {}, b"") if is_same else (200, {}, b"changed")

    site.routes["/"] = conditional
    frontier = engine.MemoryFrontier(replace(FAST, start_urls=(site.base + "/",)))
    frontier.targets[1] = replace(frontier.targets[1], etag=first.etag)
    engine.run(
        frontier.spec, frontier=frontier, workdir=tmp_path, report=Notes(), should_stop=lambda: False,
        put_blobs=lambda contents: [],
    )  # fmt: skip

    assert frontier.outcomes[-1].state == "unchanged"
    assert frontier.outcomes[-1].etag == '"one"'


def test_a_fetching_process_that_dies_is_replaced_and_what_it_held_is_asked_again(site, walk, monkeypatch):
    pages = [f"/p{n}" for n in range(20)]
    site.page("/", article("Start", WORDS, pages))
    for path in pages:
        site.page(path, article(path, WORDS + path))
    hear, fetchers = Fetcher.hear, []

    def hear_and_kill(self, timeout):
        if self not in fetchers:
            fetchers.append(self)
        if len(fetchers) == 1 and site.hits["/p3"]:
            self._process.kill()
        return hear(self, timeout)

    monkeypatch.setattr(Fetcher, "hear", hear_and_kill)

    found = walk(site)

    assert len(fetchers) == 2
    assert {o.state for o in found.frontier.outcomes} <= {"done", "again"}
    assert len({item.source_uri for item in found.items}) == 21


def test_a_trial_shows_what_an_address_gives_and_follows_nothing(site, tmp_path):
    site.page("/", '<img src="/red.png"><a href="/next">on</a><a href="http://example.org/">away</a>')
    site.routes["/red.png"] = (200, {"Content-Type": "image/png"}, picture("red"))
    site.routes["/old"] = (301, {"Location": "/"}, b"")
    spec = replace(FAST, start_urls=(site.base + "/",), item_kind="image", take="images")

    shown = run_trial(spec, site.base + "/old", workdir=tmp_path, report=Notes(), should_stop=lambda: False)

    assert (shown["state"], shown["item_count"], shown["link_count"]) == ("done", 1, 1)
    assert shown["hops"] == [[site.base + "/old", 301]] and shown["final_url"] == site.base + "/"
    assert shown["items"][0]["thumbnail"].startswith("data:image/jpeg")
    assert shown["dropped"] == [["another site", 1]]
    assert site.hits["/next"] == 0
