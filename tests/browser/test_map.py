"""A person chooses crowds and colors on the map by keyboard, and looks at items; test_crawling has the lasso."""

from __future__ import annotations

import pytest

from lifecycle.exploration.models import SavedView
from tests import vectors

add_items, draw, rows_project = vectors.add_items, vectors.draw, vectors.rows_project


@pytest.fixture
def mapped(transactional_db, rows_project, draw):
    """300 rows in three crowds, on a map."""
    drawn, job = draw(rows_project)
    assert job.state == "succeeded", job.error
    return rows_project, drawn


def open_map(page, login, project):
    login(page, project.created_by)
    page.goto(f"/projects/{project.slug}/map")
    page.wait_for_selector(".map.is-drawn")


def test_clusters_and_colors_are_chosen_by_keyboard(mapped, browser_page, login):
    project, drawn = mapped
    open_map(browser_page, login, project)

    browser_page.locator("[data-clusters] button").nth(1).focus()
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_selector("[data-selection-id]")
    assert browser_page.locator("[data-selected] strong").first.inner_text() == f"{drawn.clusters[1]['size']} items"

    choose_color(browser_page, "spl")
    browser_page.locator("[data-legend] button", has_text="train").wait_for()
    assert "color=split" in browser_page.url


def choose_color(page, typed: str) -> None:
    """By keyboard alone: into the box, a part of the name, Enter."""
    page.get_by_role("combobox", name="Color by").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")


def test_any_column_colors_the_map_also_on_a_phone_and_by_an_address(mapped, browser_page, login):
    project, _ = mapped
    browser_page.set_viewport_size({"width": 390, "height": 844})
    open_map(browser_page, login, project)

    choose_color(browser_page, "heig")
    browser_page.locator(".map-ramp").wait_for()
    assert browser_page.locator("[data-legend-title]").inner_text() == "height"
    assert "color=col.height" in browser_page.url
    assert browser_page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    browser_page.reload()
    browser_page.locator(".map-ramp").wait_for()
    box = browser_page.get_by_role("combobox", name="Color by")
    assert box.input_value() == "height"
    box.click()
    browser_page.get_by_role("option", name="color", exact=True).click()
    browser_page.locator("[data-legend] button", has_text="100").first.wait_for()
    assert browser_page.locator("[data-legend] .map-entry-name").all_inner_texts() == ["b", "g", "r"]
    browser_page.keyboard.type("nothing like it")
    browser_page.keyboard.press("Escape")
    assert box.input_value() == "color"


def test_hovering_shows_the_item_and_a_shared_address_its_selection(mapped, browser_page, login):
    project, drawn = mapped
    open_map(browser_page, login, project)
    browser_page.locator("[data-clusters] button").first.click()
    browser_page.wait_for_selector("[data-selection-id]")

    browser_page.reload()
    browser_page.wait_for_selector("[data-selection-id]")
    assert browser_page.locator("[data-selected] strong").first.inner_text() == f"{drawn.clusters[0]['size']} items"

    canvas = browser_page.locator("[data-canvas]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = browser_page.evaluate("""async () => {
        const root = document.querySelector('.map');
        const { readPoints } = await import('/static/js/modules/map-codec.js');
        const points = readPoints(await (await fetch(root.dataset.points)).arrayBuffer());
        return root.mapView.toPage([points.x[0], points.y[0]]);
    }""")
    browser_page.mouse.move(box["x"] + x, box["y"] + y)
    browser_page.wait_for_selector("[data-peek-box]:not([hidden])")
    assert "width" in browser_page.locator("[data-peek-box]").inner_text()


def test_a_saved_view_brings_back_color_place_and_selection(mapped, browser_page, login):
    project, drawn = mapped
    open_map(browser_page, login, project)
    choose_color(browser_page, "split")
    browser_page.locator("[data-legend] button", has_text="train").wait_for()
    browser_page.locator("[data-clusters] button").first.click()
    browser_page.wait_for_selector("[data-selection-id]")
    browser_page.locator("[data-canvas]").focus()
    browser_page.keyboard.press("+")
    browser_page.keyboard.press("ArrowLeft")
    browser_page.wait_for_url("**at=**")
    place = browser_page.evaluate("document.querySelector('.map').mapView.place()")

    browser_page.locator("summary", has_text="Views").click()
    browser_page.get_by_label("Name of this view").fill("Closer")
    browser_page.get_by_role("button", name="Save what is shown").click()
    browser_page.wait_for_selector("text=Saved the view")
    view = SavedView.objects.get()
    browser_page.goto(f"/projects/{project.slug}/explore/views/{view.pk}")
    browser_page.wait_for_selector(".map.is-drawn")

    assert f"map={drawn.pk}" in browser_page.url and view.page == "map"
    assert browser_page.get_by_role("combobox", name="Color by").input_value() == "Split"
    again = browser_page.evaluate("document.querySelector('.map').mapView.place()")
    assert again == pytest.approx(place, rel=1e-3) and again[2] > 1
    assert browser_page.locator("[data-selected] strong").first.inner_text() == f"{drawn.clusters[0]['size']} items"
