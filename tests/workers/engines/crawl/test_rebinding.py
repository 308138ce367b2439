"""Names that change their address, and addresses in disguise: the connection is what counts, not what was looked up.

127.0.0.1 stands for the internet here, since the operator allows it; 127.0.0.2 is a service inside, on the same port.
"""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from tests.sites import article, serve
from tests.workers.engines.crawl.test_crawl import WORDS
from workers.engines.crawl import process

OUTSIDE, INSIDE = "127.0.0.1", "127.0.0.2"
LIAR = """
import json, socket
real = socket.getaddrinfo
def getaddrinfo(host, port, *more, **options):
    path = {path!r}
    table = json.load(open(path))
    name = host.decode() if isinstance(host, bytes) else host
    if name not in table:
        return real(host, port, *more, **options)
    answers = table[name].pop(0)
    table[name].append(answers)
    json.dump(table, open(path, "w"))
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers]
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def inside(site):
    """What must never be asked: a service on a private address, on the port that the site has too."""
    with ExitStack() as stack:
        found = stack.enter_context(serve(INSIDE, int(site.base.rsplit(":", 1)[1])))
        found.fallback = lambda path: (200, {"Content-Type": "text/html"}, article("Secret", WORDS).encode())
        yield found


@pytest.fixture
def resolve(tmp_path_factory, monkeypatch):
    """resolve({name: [addresses, addresses, …]}): what the fetching process is told, lookup by lookup, in turns."""
    folder = tmp_path_factory.mktemp("names")
    table = folder / "names.json"
    (folder / "sitecustomize.py").write_text(LIAR.format(path=str(table)))
    pick = process._pick_environment
    monkeypatch.setattr(process, "_pick_environment", lambda: pick() | {"PYTHONPATH": str(folder)})
    return lambda answers: table.write_text(json.dumps(answers))


def port(site):
    return site.base.rsplit(":", 1)[1]


def outcome(found, url):
    return [o for o in found.frontier.outcomes if found.frontier.targets[o.id].url == url][-1]


def test_a_name_that_was_public_when_it_was_tried_and_is_private_at_the_crawl_is_refused(site, inside, walk, resolve):
    url = f"http://rebind.example:{port(site)}/page"
    resolve({"rebind.example": [[OUTSIDE], [INSIDE]]})
    site.page("/", article("Start", WORDS, [url]))
    site.page("/page", article("Page", WORDS + " Open."))

    tried = walk(site, scope="any", obeys_robots=False)
    crawled = walk(site, scope="any", obeys_robots=False)

    assert outcome(tried, url).state == "done"
    assert (outcome(crawled, url).state, outcome(crawled, url).error_kind) == ("failed", "private address")
    assert INSIDE in outcome(crawled, url).error
    assert not inside.hits


def test_a_redirect_to_a_name_that_leads_inside_is_refused(site, inside, walk, resolve):
    url = f"http://turn.example:{port(site)}/secret"
    resolve({"turn.example": [[INSIDE]]})
    site.page("/", article("Start", WORDS, ["/away"]))
    site.routes["/away"] = (302, {"Location": url}, b"")

    found = walk(site, scope="any", obeys_robots=True)

    assert found["/away"].state == "redirected"
    assert outcome(found, url).state == "failed"
    assert not inside.hits  # nor its robots.txt


@pytest.mark.parametrize("answers", [[INSIDE, OUTSIDE], [OUTSIDE, INSIDE]])
def test_of_several_addresses_of_a_name_only_the_public_ones_are_asked(site, inside, walk, resolve, answers):
    url = f"http://both.example:{port(site)}/page"
    resolve({"both.example": [answers]})
    site.page("/", article("Start", WORDS, [url]))
    site.page("/page", article("Page", WORDS + " Open."))

    found = walk(site, scope="any", obeys_robots=False)

    assert outcome(found, url).state in ("done", "failed")
    assert not inside.hits


DISGUISES = (
    INSIDE, "2130706434", "0x7f000002", "0177.0.0.2", "0x7f.0.0.2", "127.2", "127.0.2", "0.0.0.0", "0", "[::]", "[::1]",
    f"[::ffff:{INSIDE}]", "[::ffff:7f00:2]", "[64:ff9b::7f00:2]", "169.254.169.254", "0xa9fea9fe",
    "[fe80::1]", "[fd00::1]",
)  # fmt: skip


def test_no_disguise_leads_inside_neither_by_a_link_nor_by_a_redirect(site, inside, walk):
    urls = [f"http://{host}:{port(site)}/secret" for host in DISGUISES]
    site.page("/", article("Start", WORDS, [*urls, *(f"/to/{n}" for n in range(len(urls)))]))
    site.routes |= {f"/to/{n}": (302, {"Location": url + f"?{n}"}, b"") for n, url in enumerate(urls)}

    found = walk(site, scope="any", obeys_robots=False, max_attempts=1, timeout_seconds=5)

    wrong = [
        (found.frontier.targets[o.id].url, o.state, o.error_kind) for o in found.frontier.outcomes
        if not found.frontier.targets[o.id].url.startswith(site.base + "/") and o.error_kind != "private address"
    ]  # fmt: skip
    assert not inside.hits and site.hits["/secret"] == 0
    assert [found[f"/to/{n}"].state for n in range(len(urls))] == ["redirected"] * len(urls)
    assert wrong == []
