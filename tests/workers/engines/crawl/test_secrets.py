"""To whom the login of a site is sent: to nobody else, and never in the clear where the site is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lifecycle.contracts.crawl import Target
from tests.sites import article, serve
from tests.workers.engines.crawl.conftest import FAST, PARAGRAPHS, Notes
from tests.workers.engines.crawl.test_crawl import WORDS
from workers.engines.crawl.spider import FrontierSpider
from workers.engines.crawl.trial import run_trial

SECRETS = {"headers": (("Authorization", "Bearer s3cret"),), "cookies": (("session", "abc"),)}


def build(start, url):
    spec = replace(FAST, start_urls=(start,), **SECRETS)
    return FrontierSpider(spec, tell=lambda read: None)._build_request(Target(1, url))


@pytest.mark.parametrize(
    "start, url, is_sent",
    [
        ("https://shop.example/", "https://shop.example/x", True),
        ("https://shop.example/", "https://SHOP.example:443/x", True),
        ("https://shop.example/", "http://shop.example/x", False),
        ("https://shop.example/", "http://shop.example:443/x", False),
        ("https://shop.example/", "https://shop.example:8443/x", False),
        ("https://shop.example/", "https://www.shop.example/x", False),
        ("http://shop.example/", "http://shop.example/x", True),
        ("http://shop.example/", "https://shop.example/x", True),
        ("http://shop.example:8000/", "https://shop.example:8000/x", False),
        ("http://shop.example:8000/", "http://shop.example/x", False),
    ],
)
def test_the_login_goes_to_the_scheme_host_and_port_it_was_given_for(start, url, is_sent):
    request = build(start, url)

    assert (b"Authorization" in request.headers, bool(request.cookies)) == (is_sent, is_sent)


def test_cookies_of_a_site_over_https_stay_there():
    jars = {build("https://shop.example/", url).meta["cookiejar"] for url in (
        "https://shop.example/x", "https://shop.example/y", "http://shop.example/x")}  # fmt: skip

    assert len(jars) == 2


def test_trying_an_address_elsewhere_sends_it_no_login(site, tmp_path):
    site.page("/", article("Start", WORDS))
    with serve() as other:
        other.page("/", article("Other", WORDS))
        spec = replace(FAST, start_urls=(site.base + "/",), **SECRETS, **PARAGRAPHS)
        for base in (site.base, other.base):
            run_trial(spec, base + "/", workdir=tmp_path, report=Notes(), should_stop=lambda: False)

        assert site.headers["/"][0]["Authorization"] == "Bearer s3cret"
        assert not {"Authorization", "Cookie"} & other.headers["/"][0].keys()
