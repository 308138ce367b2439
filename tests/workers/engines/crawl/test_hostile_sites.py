"""Sites that mean harm: nothing is hurt, everything else is fetched, and each trap is named."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from lifecycle.contracts.addresses import AddressRule
from tests.memory import Peak
from tests.sites import article, serve
from tests.workers.engines.crawl.conftest import FAST, PARAGRAPHS, Notes, run_crawl
from workers.engines import crawl as engine
from workers.engines.crawl.errors import find_wait
from workers.engines.crawl.guard import AddressRefused, guard_reactor

WORDS = "The mill by the river ground corn for the whole valley, and its wheel turned day and night. " * 8
MÜLLER = "Der Müller mahlt in der Mühle am Fluß das Korn für das größte Dorf. " * 8
MOST = 30_000_000
FINE = [f"/fine/{n}" for n in range(5)]


def endless(handler):
    """Ten gigabytes, if somebody takes them."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", str(10_000_000_000))
    handler.end_headers()
    handler.wfile.write(b"<p>no end</p>" * 100)


def endless_unannounced(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Connection", "close")
    handler.end_headers()
    for _ in range(2_000):
        handler.wfile.write(b"x" * 100_000)


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


def huge_headers(handler):
    handler.send_response(200)
    handler.send_header("X-Long", "y" * 3_000_000)
    handler.end_headers()


def broken_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"<p>half")


def not_http(handler):
    handler.wfile.write(b"\x00\x01\x02 this is no HTTP\r\n\r\n")


class Busy:
    """429 with Retry-After for the first asks."""

    def __init__(self):
        self.asked: list[float] = []

    def __call__(self, handler):
        self.asked.append(time.monotonic())
        if len(self.asked) < 3:
            return 429, {"Retry-After": "1"}, b"later"
        return 200, {"Content-Type": "text/html"}, article("Busy", WORDS + " At last.").encode()


def html(body: bytes, kind: str = "text/html"):
    return 200, {"Content-Type": kind}, body


@pytest.fixture(scope="module")
def trapped(tmp_path_factory):
    """One crawl of a site with every trap at once: (crawled, traps)."""
    busy = Busy()
    bomb = gzip.compress(b"0" * 200_000_000)
    with serve() as site, serve("127.0.0.2") as inside:
        inside.page("/secret", article("Secret", WORDS))
        port = inside.base.rsplit(":", 1)[1]
        odd = ["javascript:alert(1)", "data:text/html,<p>x</p>", "file:///etc/passwd", "mailto:a@b.c", "http://", "//"]
        site.routes |= {
            "/10gb": endless, "/unannounced": endless_unannounced, "/drip": drip, "/headers": huge_headers,
            "/cut": broken_off, "/not-http": not_http, "/busy": busy,
            "/bomb": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, bomb),
            "/torn": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(b"corn")[:10]),
            "/latin": html(article("Mühle", MÜLLER).encode("latin-1"), "text/html; charset=utf-8"),
            "/nonsense": html(article("Odd", WORDS).encode(), "text/html; charset=no-such-thing"),
            "/utf16": html(article("Wide", WORDS).encode("utf-16"), "text/html; charset=utf-16"),
            "/nul": html(article("Nul", "a\0b " + WORDS).encode()),
            "/deep": html(b"<div>" * 50_000 + b"deep" + b"</div>" * 50_000),
            "/many": html(b"".join(b'<a href="/m/%d">m</a>' % n for n in range(1_000_000))),
            "/schemes": html("".join(f'<a href="{link}">x</a>' for link in odd).encode()),
            "/loop-a": (302, {"Location": "/loop-b"}, b""), "/loop-b": (302, {"Location": "/loop-a"}, b""),
            "/inside": (302, {"Location": f"{inside.base}/secret"}, b""),
            "/inside-6": (302, {"Location": f"http://[::ffff:127.0.0.2]:{port}/secret"}, b""),
            "/inside-number": (302, {"Location": f"http://2130706434:{port}/secret"}, b""),
            "/nowhere": (302, {"Location": "http://[::1"}, b""),
            "/metadata": (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
            "/error": (500, {}, b"no"), "/gone": (410, {}, b"gone"),
            "/program": html(b"\x7fELF" * 50, "application/octet-stream"),
        }  # fmt: skip
        traps = [path for path in site.routes if path != "/loop-b"]
        site.page("/", article("Start", WORDS, [*traps, *FINE, "/r/0"]))
        for path in FINE:
            site.page(path, article(path, WORDS + path))

        def fallback(path):
            if path.startswith("/r/"):
                return 302, {"Location": f"/r/{int(path[3:]) + 1}"}, b""
            return None

        site.fallback = fallback
        with Peak("workers.engines.crawl.child") as peak:
            found = run_crawl(
                tmp_path_factory.mktemp("hostile"), site, scope="any", timeout_seconds=3, max_bytes=MOST,
                max_attempts=3, deny=("/m/",), concurrency_per_host=4, obeys_robots=False,
            )  # fmt: skip
        found.peak = peak
        yield found, inside, busy


def test_what_is_fine_beside_the_traps_comes_in(trapped):
    found, _, _ = trapped

    assert all(found[path].state == "done" and len(found[path].items) == 1 for path in FINE)


@pytest.mark.parametrize(
    "path, kind",
    [
        ("/10gb", "too large"), ("/unannounced", "too large"), ("/bomb", "too large"), ("/drip", "timeout"),
        ("/cut", "cut off"), ("/error", "HTTP 500"), ("/gone", "HTTP 410"), ("/program", "not a page"),
        ("/r/10", "redirects"), ("/nowhere", "redirects"), ("/torn", "damaged"),
    ],
)  # fmt: skip
def test_each_trap_has_its_name(trapped, path, kind):
    outcome = trapped[0][path]

    assert outcome.state in ("failed", "skipped")
    assert outcome.error_kind == kind and outcome.error.endswith(".")


def test_answers_that_are_no_http_are_named_in_a_sentence(trapped):
    headers, nonsense = trapped[0]["/headers"], trapped[0]["/not-http"]

    assert headers.state == "failed" and "Failure" not in headers.error and "<" not in headers.error, headers.error
    assert (nonsense.state, nonsense.error_kind) == ("failed", "damaged")
    assert nonsense.error.startswith("What came is no answer in HTTP. Tried")


def test_pages_without_end_stop_at_the_limit_of_pages(site, walk):
    """A calendar: every day leads to the next, and to more ways of showing it."""
    site.fallback = lambda path: html(article(path, WORDS, [f"{path}{n}/" for n in range(5)]).encode())

    found = walk(site, start=["/day/"], max_depth=1_000, max_pages=40)

    assert sum(hits for path, hits in site.hits.items() if path != "/robots.txt") == 40
    assert len(found.frontier.targets) <= 1 + 40 * 5


def test_gigabytes_and_bombs_take_no_more_memory_than_the_largest_page_may(trapped):
    peak, most = trapped[0].peak, MOST / 1e6
    itself, answers, tree = 150, 4 * most, 20 * most  # one page at a time is a tree, of twenty times its bytes

    assert 0 < peak.child_mb < itself + answers + tree
    assert peak.grown_mb < 150


def test_no_way_leads_inside(trapped):
    found, inside, _ = trapped
    refused = Counter(o.error_kind for o in found.frontier.outcomes)

    assert not inside.hits
    assert refused["private address"] == 4
    assert all(found[path].state == "redirected" for path in ("/inside", "/inside-6", "/inside-number", "/metadata"))


def test_a_busy_host_gets_the_pause_it_asks_for(trapped):
    found, _, busy = trapped

    assert found["/busy"].state == "done"
    assert all(later - earlier >= 0.9 for earlier, later in zip(busy.asked, busy.asked[1:], strict=False))


def test_odd_encodings_become_text_without_nuls(trapped):
    found, _, _ = trapped
    texts = [item.text for path in ("/nonsense", "/utf16", "/nul") for item in found[path].items]

    assert len(texts) == 3
    assert all("ground corn" in text and "\0" not in text for text in texts)


def test_a_page_in_another_encoding_than_it_says_is_read_and_named(trapped):
    outcome = trapped[0]["/latin"]

    assert "Der Müller mahlt in der Mühle am Fluß" in outcome.items[0].text
    assert outcome.warning == "It says that it is utf-8, and is not; it was read as cp1252."


def test_links_that_are_none_are_counted_not_followed(trapped):
    dropped = dict(trapped[0]["/schemes"].dropped)

    assert sum(count for why, count in dropped.items() if "not fetchable" in why or "usable" in why) >= 4


def test_a_million_links_on_a_page_are_cut_off(trapped):
    outcome = trapped[0]["/many"]

    assert outcome.state == "done"
    assert any("more than 10,000 links" in why for why, _ in outcome.dropped)


def test_pages_that_nest_without_end_do_not_end_the_crawl(trapped):
    assert trapped[0]["/deep"].state in ("done", "failed")


def test_redirects_in_a_circle_come_to_an_end(trapped):
    found, _, _ = trapped

    assert (found["/loop-a"].state, found["/loop-b"].state) == ("redirected", "redirected")
    assert found.site.hits["/loop-a"] == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1",
        "fe80::1%eth0", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "localhost", "",
        "fec0::1", "feff::1", "3fff::1", "2001:db8::1", "100.127.255.254", "198.18.0.1", "240.0.0.1", "::10.0.0.1",
        "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::", "2002:c0a8:1::1", "::ffff:10.0.0.1", "::ffff:100.64.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_where_the_connection_is_made(address):
    class Reactor:
        def connectTCP(self, host, port, *arguments):
            raise AssertionError("it was connected")

    reactor = Reactor()
    guard_reactor(reactor, AddressRule.parse(""))

    with pytest.raises(AddressRefused):
        reactor.connectTCP(address, 80, None)


def test_the_operator_opens_single_networks_or_all():
    some, every = AddressRule.parse("10.0.0.0/8, 127.0.0.1"), AddressRule.parse("true")

    assert [some.allows(a) for a in ("10.9.9.9", "127.0.0.1", "127.0.0.2", "8.8.8.8")] == [True, True, False, True]
    assert every.allows("192.168.1.1") and not AddressRule.parse("").allows("10.0.0.1")
    with pytest.raises(ValueError):
        AddressRule.parse("everything")


def endless_chunks(handler):
    """Comes in pieces that never end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(1_000):
        handler.wfile.write(b"186a0\r\n" + b"x" * 100_000 + b"\r\n")


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
LISTED = {
    "laughs": f'<!DOCTYPE u [<!ENTITY l0 "ha">{LAUGHS}]><urlset><url><loc>/&l11;</loc></url></urlset>'.encode(),
    "packed": gzip.compress(b"<urlset>" + b" " * 40_000_000),
    "list": b"".join(b"/%d\n" % n for n in range(200_000)),
    "odd": b"http://[::1\n\xff\xfe\xfd\nhttp://\xf0\x28/x\n" + b"/" + b"a" * 100_000,
}


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """A crawl of sitemaps that mean harm, of a host with a robots.txt without end, and of cookies without end."""
    cookies = "\r\nSet-Cookie: ".join(f"c{n}={'z' * 300}; Path=/" for n in range(40))
    with serve() as site, serve("127.0.0.2") as wordy:
        wordy.routes["/robots.txt"] = endless_unannounced
        wordy.page("/", article("Wordy", WORDS))
        for name, body in LISTED.items():
            site.routes[f"/{name}.xml"] = (200, {"Content-Type": "application/xml"}, body)
        maps = "".join(f"Sitemap: {site.base}/{name}.xml\n" for name in LISTED)
        site.routes["/robots.txt"] = (200, {"Content-Type": "text/plain"}, maps.encode())
        site.routes["/chunks"] = endless_chunks
        site.page("/cookies", article("Cookies", WORDS), Set_Cookie=cookies)
        site.page("/", article("Start", WORDS, ["/chunks", "/cookies", "/after", wordy.base + "/"]))
        site.page("/after", article("After", WORDS + " after"))
        with Peak("workers.engines.crawl.child") as peak:
            found = run_crawl(
                tmp_path_factory.mktemp("listed"), site, scope="any", timeout_seconds=3, max_bytes=5_000_000,
                max_attempts=2, uses_robots_sitemaps=True, deny=(r"/\d+$",),
                private_addresses="127.0.0.1, 127.0.0.2", **PARAGRAPHS,
            )  # fmt: skip
        found.peak, found.wordy = peak, wordy
        yield found


@pytest.mark.parametrize(
    "path, kind", [("/chunks", "too large"), ("/packed.xml", "too large"), ("/cookies", ""), ("/laughs.xml", "")]
)
def test_lists_cookies_and_pieces_without_end_are_named_or_harmless(listed, path, kind):
    outcome = listed[path]

    assert (outcome.state, outcome.error_kind) == ("failed" if kind else "done", kind)


def test_a_sitemap_gives_as_many_addresses_as_a_page_may(listed):
    dropped = dict(listed["/list.xml"].dropped)

    assert sum(dropped.values()) == 200_000 and len(dropped) <= 2, dropped
    assert sum(count for _, count in listed["/odd.xml"].dropped) >= 2


def test_a_host_with_a_robots_txt_without_end_is_left_alone(listed):
    targets = listed.frontier.targets
    (page,) = [
        o for o in listed.frontier.outcomes if targets[o.id].url == listed.wordy.base + "/" and o.state != "again"
    ]

    assert listed.wordy.hits["/robots.txt"] and not listed.wordy.hits["/"]
    assert (page.state, page.error_kind) == ("failed", "robots.txt unknown") and "larger than 5 MB" in page.error
    assert listed["/after"].state == "done"


def test_none_of_it_takes_memory(listed):
    assert 0 < listed.peak.child_mb < 350


@pytest.mark.parametrize("wanted", ["stop", "pause"])
def test_people_are_heard_while_every_host_has_asked_for_a_pause(site, tmp_path, wanted):
    site.page("/", article("Start", "Words.", ["/busy", "/later"]))
    site.routes["/busy"] = (503, {"Retry-After": "86400"}, b"busy")
    spec = replace(FAST, start_urls=(f"{site.base}/",), concurrency_per_host=1)
    frontier, notes = engine.MemoryFrontier(spec), Notes()

    def ask():
        while not any("asks for a pause" in line for line in notes.lines):
            time.sleep(0.05)
        time.sleep(1.5)  # nothing is in hand, and nothing is due for an hour
        frontier.wanted = wanted

    threading.Thread(target=ask, daemon=True).start()
    result = engine.run(
        spec, frontier=frontier, workdir=tmp_path, report=notes, should_stop=lambda: False, put_blobs=list
    )

    assert result.ended != "done" and any("for 60 min" in line for line in notes.lines)


def test_a_whole_number_of_seconds_waits_like_any_other():
    assert isinstance(find_wait(replace(FAST, retry_seconds=1), 1), float)
