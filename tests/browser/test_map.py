"""A person chooses crowds and colors on the map by keyboard, and looks at items; test_crawling has the lasso."""

from __future__ import annotations

import pytest

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

    browser_page.locator("[data-color-by]").select_option("split")
    browser_page.locator("[data-legend] button", has_text="train").wait_for()
    assert "color=split" in browser_page.url


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
