"""The classes change while somebody labels: nothing that was said is lost, and the page gets the new ones by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation
from tests.browser.test_label_grid import open_grid, wait_until_saved
from tests.browser.test_labelling import make_project, open_label_page  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def change(project, classes, **renames):
    services.change_schema(project=project, actor=project.created_by, classes=classes, renames=renames)


def test_an_open_page_follows_a_rename(make_project, open_label_page, watch_console, browser_page):  # noqa: F811
    problems = watch_console(browser_page)
    project, annotator = make_project("text_classification", count=9)
    page = open_label_page(project, annotator)
    page.keyboard.press("1")
    wait_until_saved(page, 1)

    page.context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("3")
    expect(page.locator("[data-part=save]")).to_contain_text("2 kept here")
    change(project, ["feline", "dog"], cat="feline")
    problems.clear()  # of the cut network
    page.context.set_offline(False)

    expect(page.locator(".annotator-choice").first).to_contain_text("feline")
    expect(page.locator(".annotator-choice")).to_have_count(2)
    expect(page.locator("[data-part=refusedList]")).to_contain_text("“owl” is not a class any more")
    page.wait_for_selector("[data-part=stage]:not([hidden])")
    page.keyboard.press("1")
    wait_until_saved(page, 3)
    answers = Annotation.objects.filter(is_current=True).order_by("task").values_list("value", flat=True)
    assert list(answers) == ["feline", "feline", "feline"]
    assert problems == []


def test_an_open_grid_follows_a_rename(make_project, browser_page, login, watch_console):  # noqa: F811
    page, problems = browser_page, watch_console(browser_page)
    project, annotator = make_project("text_classification", count=40)
    open_grid(page, login, project, annotator, "12")
    tiles = page.locator(".label-grid-tile")
    expect(tiles).to_have_count(12)
    change(project, ["feline", "dog", "owl"], cat="feline")

    page.keyboard.press("1")
    page.keyboard.press("1")
    wait_until_saved(page, 2)
    expect(page.get_by_text("The labels of this project have changed")).to_be_visible()
    assert set(Annotation.objects.values_list("value", flat=True)) == {"feline"}
    page.keyboard.press("Enter")

    expect(page.locator(".annotator-choice").first).to_contain_text("feline")
    expect(tiles).to_have_count(12)
    page.keyboard.press("1")
    wait_until_saved(page, 3)
    assert problems == []
