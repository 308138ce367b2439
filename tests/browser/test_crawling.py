"""An engineer crawls a site in the browser: describes it, tries an address, starts, and looks at what came in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lifecycle.crawls.models import Crawl
from lifecycle.datasets.models import Item
from tests import factories
from tests.browser.test_training import run_queued_jobs
from tests.sites import article, serve

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "The mill by the river ground corn for the whole valley, and its wheel turned day and night. " * 8
PICTURES = os.environ.get("GRISTMILL_TEST_PICTURES", "")  # a folder: every step is photographed into it


@pytest.fixture
def photograph(browser_page):
    """photograph(name) keeps the page in four forms, where somebody asked for pictures."""

    def shoot(name: str) -> None:
        if not PICTURES:
            return
        for width in (1440, 390):
            for scheme in ("light", "dark"):
                browser_page.set_viewport_size({"width": width, "height": 900})
                browser_page.emulate_media(color_scheme=scheme)
                browser_page.wait_for_timeout(300)
                browser_page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=True)
        browser_page.set_viewport_size({"width": 1280, "height": 800})
        browser_page.emulate_media(color_scheme="light")

    return shoot


@pytest.mark.timeout(400)
def test_a_site_is_described_tried_and_crawled(browser_page, live_url, login, settings, watch_console, photograph):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    project = factories.ProjectFactory(problem_type="text_classification")
    login(browser_page, project.created_by)
    browser_page.set_default_timeout(90_000)
    problems = watch_console(browser_page)
    pages = [f"/p{n}.html" for n in range(40)]
    with serve() as site:
        site.page("/", article("The mill", WORDS, [*pages, "/gone", "https://example.org/", "/plan.pdf"]))
        for n, path in enumerate(pages):
            site.page(path, article(f"Page {n}", f"{WORDS} Number {n}."))

        browser_page.goto(f"{live_url}/projects/{project.slug}/collections")
        browser_page.get_by_role("link", name="Crawl a site").first.click()
        photograph("form")
        browser_page.get_by_label("Start addresses, one a line").fill(site.base + "/")
        browser_page.get_by_label("Requests a second").fill("0")
        browser_page.get_by_label("Name", exact=True).fill("The mill")
        browser_page.get_by_label("Slow down where a host answers slowly").uncheck()
        browser_page.get_by_role("button", name="Save and try it").click()
        browser_page.get_by_role("button", name="See what it gives").click()
        browser_page.locator("#trial").get_by_text("Waiting for a worker").wait_for()
        run_queued_jobs()
        browser_page.get_by_text("41 links to follow").wait_for()
        photograph("site")

        browser_page.get_by_role("button", name="Start the crawl").click()
        browser_page.get_by_role("button", name="Pause").wait_for()
        photograph("waiting")
        run_queued_jobs()
        browser_page.get_by_text("HTTP 404").first.wait_for()
        photograph("crawl")

    browser_page.get_by_role("link", name="Addresses").click()
    browser_page.get_by_label("What went wrong").select_option("HTTP 404")
    browser_page.get_by_text("The site does not have it").wait_for()
    photograph("addresses")
    browser_page.goto(f"{live_url}/projects/{project.slug}/items/{Item.objects.first().pk}")
    browser_page.get_by_text("Found on the web").wait_for()
    photograph("item")

    crawl = Crawl.objects.get()
    assert (crawl.state, crawl.fetched, crawl.items, crawl.errors) == ("done", 41, 41, {"HTTP 404": 1})
    assert not [problem for problem in problems if "Viewport size changed" not in problem]  # of photographing
