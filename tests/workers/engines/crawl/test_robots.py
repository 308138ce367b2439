"""A robots.txt that cannot be had: nobody knows what it forbids, so nothing of its host is fetched until it can."""

from __future__ import annotations

import pytest

from tests.sites import article, serve
from tests.workers.engines.crawl.test_crawl import WORDS
from tests.workers.engines.crawl.test_hostile_sites import broken_off, drip, endless_unannounced

PATIENCE = {"timeout_seconds": 1, "max_attempts": 2, "max_bytes": 2_000_000}


@pytest.mark.parametrize(
    "answer, kind, words",
    [
        pytest.param(drip, "robots.txt unknown", "longer than 1 s", marks=pytest.mark.long, id="slow"),
        pytest.param(broken_off, "robots.txt unknown", "broke off", marks=pytest.mark.long, id="cut off"),
        pytest.param(endless_unannounced, "robots.txt unknown", "larger than 2 MB", marks=pytest.mark.long, id="long"),
        pytest.param((429, {}, b"later"), "robots.txt unknown", "HTTP 429", id="429"),
        pytest.param((302, {"Location": "/robots.txt"}, b""), "robots.txt unknown", "cannot be had", id="circle"),
        pytest.param(
            (302, {"Location": "http://127.0.0.3/robots.txt"}, b""),
            "private address",
            "leads to 127.0.0.3",
            id="private",
        ),
    ],
)
def test_a_host_whose_robots_txt_cannot_be_had_is_left_alone_and_the_page_says_so(site, walk, answer, kind, words):
    site.routes["/robots.txt"] = answer
    site.page("/", article("Start", WORDS, ["/private/a"]))

    found = walk(site, **PATIENCE)

    assert (site.hits["/"], site.hits["/private/a"]) == (0, 0)
    assert (found["/"].state, found["/"].error_kind) == ("failed", kind)
    assert words in found["/"].error and "Nothing of the host is fetched without it." in found["/"].error


def test_a_robots_txt_that_is_late_once_is_asked_again_and_obeyed(site, walk):
    answers = iter([drip])
    rules = (200, {}, b"User-agent: *\nDisallow: /private")
    site.routes["/robots.txt"] = lambda handler: next(answers, lambda handler: rules)(handler)
    site.page("/", article("Start", WORDS, ["/private/a"]))

    found = walk(site, **PATIENCE | {"max_attempts": 4})

    assert (found["/"].state, found["/private/a"].error_kind) == ("done", "robots.txt")
    assert site.hits["/robots.txt"] == 2


def test_a_host_that_is_not_there_is_named_as_that(site, walk):
    with serve() as other:
        gone = other.base
    site.page("/", article("Start", WORDS, [f"{gone}/x"]))

    found = walk(site, scope="any", **PATIENCE)

    assert [o.error_kind for o in found.frontier.outcomes if o.state == "failed"] == ["refused"]
