"""A person draws a lasso around a crowd on the map and leaves it out, by mouse and by keyboard."""

from __future__ import annotations

import pytest

from lifecycle.datasets.models import Selection
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


def test_a_lasso_around_a_crowd_excludes_it(mapped, browser_page, login, watch_console):
    project, drawn = mapped
    problems = watch_console(browser_page)
    open_map(browser_page, login, project)
    assert browser_page.locator(".map").get_attribute("data-painter") == "webgl"

    browser_page.keyboard.press("Tab")
    browser_page.locator("[data-tool=lasso]").click()
    box = browser_page.locator("[data-canvas]").bounding_box()
    cluster = drawn.clusters[0]
    x, y = browser_page.evaluate(
        "([x, y]) => document.querySelector('.map').mapView.toPage([x, y])", [cluster["x"], cluster["y"]]
    )
    ring = [(-90, -150), (90, -150), (90, 150), (-90, 150), (-90, -150)]
    for step, (dx, dy) in enumerate(ring):
        browser_page.mouse.move(box["x"] + x + dx, box["y"] + y + dy, steps=4)
        if step == 0:
            browser_page.mouse.down()
    browser_page.mouse.up()
    browser_page.wait_for_selector("[data-selection-id]")

    selection = Selection.objects.get()
    assert selection.item_count == cluster["size"]
    assert f"selection={selection.pk}" in browser_page.url
    browser_page.locator("[data-selected] button[value=exclude]").click()
    browser_page.wait_for_selector(".map.is-drawn")
    assert browser_page.get_by_text(f"Excluded {cluster['size']} items.").count() == 1
    items = project.datasets.get().items
    assert set(items.exclude(excluded_at=None).values_list("label", flat=True)) == {cluster["name"]}
    assert not problems


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
