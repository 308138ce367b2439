"""An engineer crawls a site, looks at it, leaves a crowd out on the map, versions the rest, and a script loads it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from lifecycle.accounts.services import tokens
from lifecycle.crawls.models import Crawl
from lifecycle.datasets.models import Item, Selection
from tests import factories
from tests.browser.test_training import run_queued_jobs
from tests.sites import article, serve
from tests.vectors import packages, weights

__all__ = ["packages", "weights"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
MANUAL = "sqlalchemy==2.0.43"
MILL = "The mill by the river ground corn for the whole valley, and its wheel turned day and night. " * 8
STARS = "Astronomers measure how bright a distant galaxy is, and how fast it moves away from our telescope. " * 8
SCRIPT = """
import sys
from lifecycle.loader import load
version = load(sys.argv[1], sys.argv[2], token=sys.argv[3], cache=sys.argv[4], progress=False)
texts = version.pandas()["text"]
print(len(version), sum("galaxy" in text for text in texts), sum("river" in text for text in texts))
"""
POINTS = """async () => {
    const root = document.querySelector('.map');
    const { readPoints } = await import('/static/js/modules/map-codec.js');
    const points = readPoints(await (await fetch(root.dataset.points)).arrayBuffer());
    return [...points.ids].map((id, n) => [id, ...root.mapView.toPage([points.x[n], points.y[n]])]);
}"""
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


@pytest.fixture(scope="session")
def documentation(tmp_path_factory) -> Path:
    """The manual of SQLAlchemy as its source package ships it: 236 pages of HTML."""
    folder = tmp_path_factory.mktemp("documentation")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation", "--no-binary=:all:"]
    subprocess.run([*command, "--dest", folder, MANUAL], check=True, timeout=300)
    (package,) = folder.glob("*.tar.gz")
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("*/doc"))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_real_manual_from_the_crawl_to_a_script(
    documentation, browser_page, live_url, login, settings, weights, watch_console, photograph, tmp_path
):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    project = factories.ProjectFactory(problem_type="text_classification", slug="manual")
    base = f"{live_url}/projects/manual"
    login(browser_page, project.created_by)
    browser_page.set_default_timeout(120_000)
    problems = watch_console(browser_page)

    crawl_a_manual(browser_page, base, documentation, photograph)
    count = Item.objects.count()
    look_at_profile(browser_page, base, count, photograph)
    commit(browser_page, base, "Everything")
    draw_map(browser_page, base, photograph)
    pages = set(Item.objects.filter(source_uri__contains="/changelog/").values_list("pk", flat=True))
    left_out = lasso_and_exclude(browser_page, pages)
    commit(browser_page, base, "No change log")
    browser_page.get_by_role("button", name="Show what changed").click()
    browser_page.get_by_text("removed").first.wait_for()

    assert pages <= left_out < set(Item.objects.values_list("pk", flat=True))
    whole, _, _ = load_in_a_script(live_url, project.created_by, "manual/main@v1", tmp_path)
    rest, _, _ = load_in_a_script(live_url, project.created_by, "manual/main@v2", tmp_path)
    assert (whole, rest) == (count, count - len(left_out))
    assert not [problem for problem in problems if "Viewport size changed" not in problem]


def crawl_a_manual(page, base: str, folder: Path, photograph) -> None:
    def read(path: str):
        file = folder / unquote(urlsplit(path).path).lstrip("/")
        return (200, {"Content-Type": "text/html; charset=utf-8"}, file.read_bytes()) if file.is_file() else None

    with serve() as site:
        site.fallback = read
        page.goto(f"{base}/collections")
        page.get_by_role("link", name="Crawl a site").first.click()
        page.get_by_label("Start addresses, one a line").fill(f"{site.base}/index.html")
        page.get_by_label("Requests a second").fill("0")
        page.get_by_label("Pages at most").fill("120")
        page.get_by_label("Name", exact=True).fill("The manual")
        page.get_by_label("Slow down where a host answers slowly").uncheck()
        page.get_by_role("button", name="Save and try it").click()
        page.get_by_role("button", name="Start the crawl").click()
        page.get_by_role("button", name="Pause").wait_for()
        run_queued_jobs()
        page.get_by_role("button", name="Pause").wait_for(state="detached")
        photograph("manual")
    crawl = Crawl.objects.get()
    assert (crawl.state, crawl.fetched) == ("done", 120)
    assert Item.objects.count() > 90


@pytest.mark.long  # a minute
@pytest.mark.timeout(400)
def test_from_a_site_to_a_version_that_a_script_loads(
    browser_page, live_url, login, settings, weights, watch_console, photograph, tmp_path
):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    project = factories.ProjectFactory(problem_type="text_classification", slug="mills")
    login(browser_page, project.created_by)
    browser_page.set_default_timeout(90_000)
    problems = watch_console(browser_page)

    crawl_a_site(browser_page, f"{live_url}/projects/mills", photograph)
    look_at_what_came_in(browser_page, f"{live_url}/projects/mills", photograph)
    commit(browser_page, f"{live_url}/projects/mills", "Everything")
    stars = leave_the_stars_out(browser_page, f"{live_url}/projects/mills", photograph)
    commit(browser_page, f"{live_url}/projects/mills", "Mills only")
    browser_page.get_by_role("button", name="Show what changed").click()
    browser_page.get_by_text("removed").first.wait_for()
    photograph("diff")

    assert load_in_a_script(live_url, project.created_by, "mills/main@v1", tmp_path) == [
        41,
        len(stars),
        41 - len(stars),
    ]
    assert load_in_a_script(live_url, project.created_by, "mills/main@v2", tmp_path) == [
        41 - len(stars),
        0,
        41 - len(stars),
    ]
    assert not [problem for problem in problems if "Viewport size changed" not in problem]  # of photographing


def crawl_a_site(page, base: str, photograph) -> None:
    paths = [f"/p{n}.html" for n in range(40)]
    with serve() as site:
        site.page("/", article("The mill", MILL, [*paths, "/gone", "https://example.org/", "/plan.pdf"]))
        for n, path in enumerate(paths):
            site.page(path, article(f"Page {n}", f"{(MILL, STARS)[n % 2]} Number {n}."))
        page.goto(f"{base}/collections")
        page.get_by_role("link", name="Crawl a site").first.click()
        photograph("form")
        page.get_by_label("Start addresses, one a line").fill(site.base + "/")
        page.get_by_label("Requests a second").fill("0")
        page.get_by_label("Name", exact=True).fill("The mill")
        page.get_by_label("Slow down where a host answers slowly").uncheck()
        page.get_by_role("button", name="Save and try it").click()
        page.locator("#trial").get_by_text("Waiting for a worker").wait_for()
        run_queued_jobs()
        page.get_by_text("41 links to follow").wait_for()
        photograph("site")
        page.get_by_role("button", name="Start the crawl").click()
        page.get_by_role("button", name="Pause").wait_for()
        photograph("waiting")
        run_queued_jobs()
        page.get_by_text("HTTP 404").first.wait_for()
        photograph("crawl")
    crawl = Crawl.objects.get()
    assert (crawl.state, crawl.fetched, crawl.items, crawl.errors) == ("done", 41, 41, {"HTTP 404": 1})


def look_at_what_came_in(page, base: str, photograph) -> None:
    page.get_by_role("link", name="Addresses").click()
    page.get_by_label("What went wrong").select_option("HTTP 404")
    page.get_by_text("The site does not have it").wait_for()
    photograph("addresses")
    page.goto(f"{base}/items/{Item.objects.first().pk}")
    page.get_by_text("Found on the web").wait_for()
    photograph("item")
    look_at_profile(page, base, 41, photograph)


def look_at_profile(page, base: str, count: int, photograph) -> None:
    page.goto(f"{base}/explore")
    with page.expect_navigation():
        page.get_by_role("button", name="Profile the data and search for faults").click()
    run_queued_jobs()
    page.goto(f"{base}/explore")
    page.get_by_text(f"of {count} items").wait_for()
    page.get_by_role("heading", name="Profile").wait_for()
    photograph("profile")


def commit(page, base: str, message: str) -> None:
    page.goto(f"{base}/versions")
    page.get_by_label("Message").fill(message)
    page.get_by_role("button", name="Commit a version").click()
    page.get_by_text("Committing").wait_for()
    run_queued_jobs()
    page.goto(f"{base}/versions")
    page.get_by_text(message).first.wait_for()


def leave_the_stars_out(page, base: str, photograph) -> set[int]:
    """Ids of the items that a lasso around the pages on astronomy took in: these and no others."""
    draw_map(page, base, photograph)
    stars = set(Item.objects.filter(text__contains="galaxy").values_list("pk", flat=True))
    assert lasso_and_exclude(page, stars) == stars
    return stars


def draw_map(page, base: str, photograph) -> None:
    page.goto(f"{base}/map")
    page.get_by_label("Laid out by").select_option("pca")
    with page.expect_navigation():
        page.get_by_role("button", name="Draw the map").click()
    run_queued_jobs()
    page.goto(f"{base}/map")
    page.wait_for_selector(".map.is-drawn")
    assert page.locator(".map").get_attribute("data-painter") == "webgl"
    photograph("map")


def lasso_and_exclude(page, wanted: set[int]) -> set[int]:
    """Ids of what lies in a box around the `wanted` items on the map, which is left out now."""
    places = [(x, y) for pk, x, y in page.evaluate(POINTS) if pk in wanted]
    (left, right), (top, bottom) = ((min(side) - 9, max(side) + 9) for side in zip(*places, strict=True))
    page.locator("[data-tool=lasso]").click()
    box = page.locator("[data-canvas]").bounding_box()
    ring = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for step, (x, y) in enumerate(ring):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_selector("[data-selection-id]")
    chosen = set(Selection.objects.get().item_ids)
    page.locator("[data-selected] button[value=exclude]").click()
    page.wait_for_selector(".map.is-drawn")
    page.get_by_text(f"Excluded {len(chosen)} items.").wait_for()
    assert set(Item.objects.exclude(excluded_at=None).values_list("pk", flat=True)) == chosen
    return chosen


def load_in_a_script(url: str, user, reference: str, folder: Path) -> list[int]:
    """(items, texts on stars, texts on mills) as another process without Django sees them."""
    _, token = tokens.issue(user=user, name=reference, scope="read")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url, reference, token, str(folder)],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [int(number) for number in done.stdout.split()]
