"""Grid mode as a person does it: a page of items, selected by keys, drag and click, labeled in bulk, undone."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Lease
from lifecycle.datasets.models import Item
from tests.browser.test_labelling import make_project  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def wait_until_saved(page, count: int) -> None:
    answers, deadline = Annotation.objects.filter(is_current=True, kind="answer"), time.monotonic() + 20
    while answers.count() != count and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert answers.count() == count
    expect(page.locator("[data-part=save]")).to_have_text("Saved")


def open_grid(page, login, project, user, size: str):
    login(page, user)
    page.goto("/healthz")  # set before the first visit: one that is left at once may still hold its items at the next
    page.evaluate(f"localStorage.setItem('gristmill.label-grid', '[\"queue\", \"{size}\"]')")
    page.goto(f"/projects/{project.slug}/label/grid")
    page.wait_for_selector("#label-grid[data-ready=true]", state="attached")


def test_pages_of_pictures_are_labeled_in_bulk(make_project, browser_page, login, watch_console):  # noqa: F811
    page = browser_page
    problems = watch_console(page)
    project, annotator = make_project("image_classification", count=30)
    page.set_viewport_size({"width": 1440, "height": 900})
    open_grid(page, login, project, annotator, "12")
    tiles = page.locator(".label-grid-tile")
    expect(tiles).to_have_count(12)
    selected = page.locator(".label-grid-tile[aria-selected=true]")

    page.keyboard.press("Space")  # by keys: this one, and with Shift the two after it
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(selected).to_have_count(3)
    page.keyboard.press("1")
    wait_until_saved(page, 3)

    first, last = tiles.nth(3).bounding_box(), tiles.nth(6).bounding_box()  # by drag, from gap to gap
    page.mouse.move(first["x"] - 4, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=6)
    page.mouse.up()
    expect(selected).to_have_count(4)
    page.keyboard.press("2")
    wait_until_saved(page, 7)

    tiles.nth(7).click()  # by click, with Shift for all between
    tiles.nth(11).click(modifiers=["Shift"])
    page.locator("[data-class=owl]").click()
    wait_until_saved(page, 12)
    labels = list(Item.objects.order_by("pk").values_list("label", flat=True)[:13])
    assert labels == ["cat"] * 3 + ["dog"] * 4 + ["owl"] * 5 + [None]

    page.keyboard.press("Control+z")
    wait_until_saved(page, 7)
    page.keyboard.press("Control+Shift+z")
    wait_until_saved(page, 12)
    page.keyboard.press("u")
    wait_until_saved(page, 7)
    page.keyboard.press("Control+a")
    page.keyboard.press("3")
    wait_until_saved(page, 12)

    page.set_viewport_size({"width": 820, "height": 1180})
    page.keyboard.press("Enter")  # the next page was leased and decoded before: it is there at once
    assert tiles.count() == 12
    page.keyboard.press("ArrowDown")
    page.keyboard.press("1")
    wait_until_saved(page, 13)
    page.keyboard.press("Enter")  # what has no label goes back to the queue, and comes again
    expect(page.locator("[data-part=count]")).to_have_text(re.compile("0 of (6|12) labeled"))  # with those, or not yet
    page.keyboard.press("u")  # undo goes back to the page before
    expect(page.locator("[data-part=count]")).to_have_text("0 of 1 labeled")
    wait_until_saved(page, 12)
    assert problems == []


def test_what_another_tab_has_on_screen_is_not_on_the_page(make_project, browser_page, login):  # noqa: F811
    project, annotator = make_project("image_classification", count=30)
    login(browser_page, annotator)
    browser_page.goto(f"/projects/{project.slug}/label")
    browser_page.wait_for_selector("#annotator[data-ready=true]", state="attached")
    shown = set(Lease.objects.values_list("task_id", flat=True))
    grid = browser_page.context.new_page()

    grid.goto(f"/projects/{project.slug}/label/grid")
    grid.wait_for_selector("#label-grid[data-ready=true]", state="attached")

    tiles = {int(one.get_attribute("data-task")) for one in grid.locator(".label-grid-tile").all()}
    assert shown and tiles and not shown & tiles


def test_any_key_of_the_grid_can_be_another_one(make_project, browser_page, login):  # noqa: F811
    page = browser_page
    project, annotator = make_project("text_classification", count=6)
    open_grid(page, login, project, annotator, "24")
    redo = page.locator("[data-verb='grid:redo']")

    page.keyboard.press("?")
    redo.get_by_role("button", name="Change").click()
    page.keyboard.press("y")
    expect(redo.locator("kbd")).to_have_text("Y")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    wait_until_saved(page, 1)
    page.keyboard.press("u")
    wait_until_saved(page, 0)
    page.keyboard.press("y")
    wait_until_saved(page, 1)
    expect(page.locator("[data-part=redo]")).to_have_attribute("title", "Do again what was undone (Y)")


def test_texts_are_ordered_by_the_models_guess_and_accepted(make_project, browser_page, login):  # noqa: F811
    page = browser_page
    project, annotator = make_project("text_classification", count=6)
    open_grid(page, login, project, annotator, "24")
    expect(page.locator(".label-grid-tile")).to_have_count(6)
    page.locator(".label-grid-tile").first.click()
    page.keyboard.press("Control+a")
    expect(page.locator(".label-grid-tile[aria-selected=true]")).to_have_count(6)
    page.keyboard.press("2")

    wait_until_saved(page, 6)
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=emptyTitle]")).to_have_text("Nothing more to label right now")
    assert set(Item.objects.values_list("label", flat=True)) == {"dog"}


def test_a_skip_says_why_once_for_all_where_the_project_asks_for_it(make_project, browser_page, login, watch_console):  # noqa: F811
    page = browser_page
    problems = watch_console(page)
    project, annotator = make_project("text_classification", count=6)
    wanted = {"needs_skip_reason": True, "skip_reasons": ["too short", "another language"]}
    services.change_settings(project=project, actor=project.created_by, **wanted)
    open_grid(page, login, project, annotator, "12")
    dialog, count = page.locator("[data-part=skipDialog]"), page.locator("[data-part=count]")
    expect(page.locator(".label-grid-tile")).to_have_count(6)

    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("s")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")  # thought better of it: the selection stays
    expect(dialog).to_be_hidden()
    expect(count).to_have_text("2 selected, 0 of 6 labeled")
    page.locator("[data-action=skip]").click()
    dialog.get_by_role("button", name="another language").click()
    expect(count).to_have_text("2 of 6 labeled")
    page.keyboard.press("Control+a")
    page.keyboard.press("s")
    dialog.get_by_label("Another reason").fill("   ")  # blanks are no reason
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Another reason").fill("a riddle")
    page.keyboard.press("Enter")

    expect(count).to_have_text("6 of 6 labeled")
    expect(page.locator("[data-part=save]")).to_have_text("Saved")
    expect(page.locator("[data-part=refused]")).to_be_hidden()
    skipped = Annotation.objects.filter(is_current=True, kind="skip").order_by("task")
    assert list(skipped.values_list("reason", flat=True)) == ["another language"] * 2 + ["a riddle"] * 4
    assert problems == []


@pytest.mark.parametrize("address", ["label", "label/grid"])
@pytest.mark.parametrize(
    ("count", "classes", "said"),
    [(0, ["cat"], "There is nothing to label yet"), (2, [], "This project has no classes yet")],
)
def test_a_page_with_nothing_to_do_says_one_thing(make_project, browser_page, login, address, count, classes, said):  # noqa: F811
    page = browser_page
    project, annotator = make_project("image_classification", count=count, classes=classes)
    login(page, annotator)
    page.goto(f"/projects/{project.slug}/{address}")
    expect(page.locator("[data-part=save]")).to_have_text("Saved" if classes else "")
    page.wait_for_load_state("networkidle")  # the queue was asked, where there is something to answer with

    shown = page.locator(".annotator-empty:visible")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text(said)
