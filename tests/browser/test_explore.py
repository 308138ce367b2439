"""From the profile to the items behind a bar, from a list of findings to where it leads, in a browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import get_dataset
from lifecycle.exploration import services
from lifecycle.exploration.models import SavedView
from tests.lifecycle.datasets.test_import import bring, make_project, zip_of
from tests.workers.engines.exploration.sets import draw_scene, encode

pytestmark = pytest.mark.django_db(transaction=True)


def take(page, name: str) -> None:
    """A picture for a person, where GRISTMILL_PICTURES names a folder."""
    if folder := os.environ.get("GRISTMILL_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.fixture
def pictures(owner, run_jobs):
    project = make_project(owner, "image_classification")
    scenes = [draw_scene(seed, 160, 120) for seed in range(60)]
    files = {f"{('field', 'town', 'shore')[n % 3]}/{n}.png": encode(scene) for n, scene in enumerate(scenes)}
    files |= {f"town/copy-{n}.jpg": encode(scenes[n].resize((96, 72)), "JPEG") for n in range(5)}
    files["field/blank.png"] = encode([[9] * 40] * 40)
    bring(project, owner, {"pictures.zip": zip_of(files)}, run_jobs)
    dataset = get_dataset(project)
    services.start_profile(dataset=dataset, user=owner)
    services.start_scan(dataset=dataset, user=owner)
    run_jobs()
    return project


def test_a_bar_a_list_and_a_view_each_lead_somewhere(pictures, owner, browser_page, login, live_url, watch_console):
    page = browser_page
    problems = watch_console(page)
    login(page, owner)
    page.goto(f"{live_url}/projects/{pictures.slug}/explore")
    page.wait_for_selector(".chart.is-drawn")
    take(page, "explore-images")

    page.locator("#column-5 .column-bars a").first.click()
    page.wait_for_url("**/items?range.*")
    assert page.locator("[data-item]").count() > 0
    take(page, "gallery-range")
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Name of this view").fill("Dark ones")
    page.get_by_role("button", name="Save these filters").click()
    page.wait_for_selector("text=Saved the view")
    assert SavedView.objects.get().name == "Dark ones"

    page.goto(f"{live_url}/projects/{pictures.slug}/explore/findings/near_duplicates")
    exclude = page.locator("[data-actions]").get_by_role("button", name="Exclude")
    assert exclude.is_disabled()
    page.locator("input[name=items]").first.check()
    take(page, "findings")
    exclude.click()
    page.wait_for_selector("text=Excluded 1 item")
    assert Item.objects.exclude(excluded_at=None).count() == 1
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector("text=Taken back: excluded 1 item")
    assert not Item.objects.exclude(excluded_at=None).exists()

    page.locator(".list-actions").get_by_role("button", name="Keep").click()
    page.wait_for_selector("text=Nothing was found, or all of it was dealt with")
    page.get_by_role("button", name="again").click()
    page.wait_for_selector("[data-item]")
    assert problems == []


@pytest.mark.long
def test_the_pages_fit_narrow_and_wide(pictures, owner, browser_page, login, live_url):
    page = browser_page
    login(page, owner)
    for name, path in (
        ("explore", "explore"),
        ("findings", "explore/findings/damaged"),
        ("near", "explore/findings/near_duplicates"),
        ("views", "explore/views"),
        ("items", "items"),
    ):
        page.goto(f"{live_url}/projects/{pictures.slug}/{path}")
        for width, theme in ((390, "light"), (390, "dark"), (1440, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(300)
            take(page, f"{name}-{width}-{theme}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), f"{name} at {width}"
