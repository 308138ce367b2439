"""Grid mode where an item has several classes: a key puts one on or takes it off, Enter saves the sets."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from lifecycle.annotations.models import Annotation
from tests.browser.test_label_grid import open_grid, wait_until_saved
from tests.browser.test_label_spans import make_project  # noqa: F401 — fixture

pytestmark = pytest.mark.django_db(transaction=True)

TOPICS = """<View><Text name="item" value="$text"/><Choices name="label" toName="item" choice="multiple"
required="true"><Choice value="price"/><Choice value="damage"/><Choice value="delivery"/></Choices></View>"""

DRAFTS = """(name) => new Promise((done) => {
  const opened = indexedDB.open(name, 1);
  opened.onsuccess = () => {
    const all = opened.result.transaction('drafts').objectStore('drafts').getAll();
    all.onsuccess = () => {
      opened.result.close();
      done(all.result.map(({ result }) => result[0].value.choices.join()));
    };
  };
})"""


def wait_until_kept(page, made, drafts: list[str]) -> None:
    name, deadline = f"gristmill-drafts-{made.annotator.pk}-{made.project.pk}", time.monotonic() + 20
    while page.evaluate(DRAFTS, name) != drafts and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert page.evaluate(DRAFTS, name) == drafts


def test_a_page_gets_several_classes_per_item(make_project, browser_page, login, watch_console):  # noqa: F811
    page = browser_page
    problems = watch_console(page)
    made = make_project(TOPICS, "text_labelling", [f"text number {number}" for number in range(6)])
    open_grid(page, login, made.project, made.annotator, "12")
    tiles, words = page.locator(".label-grid-tile"), page.locator(".label-grid-label")
    expect(tiles).to_have_count(6)

    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".label-grid-tile[aria-selected=true]")).to_have_count(2)
    page.keyboard.press("3")
    page.keyboard.press("1")
    expect(words.nth(0).locator("span")).to_have_text(["price", "delivery"])
    expect(words.nth(1).locator("span")).to_have_text(["price", "delivery"])
    expect(page.locator("[data-class=price]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("3")
    expect(words.nth(1).locator("span")).to_have_text(["price"])
    page.keyboard.press("u")
    expect(words.nth(1).locator("span")).to_have_text(["price", "delivery"])
    expect(page.locator("[data-part=count]")).to_contain_text("2 not saved")
    assert not Annotation.objects.exists()
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size(size)

    wait_until_kept(page, made, ["price,delivery"] * 2)
    page.reload()  # a set in the making is kept
    page.wait_for_selector("#label-grid[data-ready=true]", state="attached")
    expect(page.locator(".is-draft")).to_have_count(2)
    page.keyboard.press("Enter")
    wait_until_saved(page, 2)
    results = Annotation.objects.values_list("result", flat=True)
    assert [result[0]["value"]["choices"] for result in results] == [["price", "delivery"]] * 2

    page.keyboard.press("Control+z")
    wait_until_saved(page, 0)
    expect(page.locator(".is-draft")).to_have_count(2)
    assert problems == []
