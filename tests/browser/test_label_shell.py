"""The labelling pages opened while the network is gone: as this browser kept them, for nobody else, and never else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from lifecycle.annotations.models import Annotation
from tests.browser.test_labelling import make_project, wait_until, wait_until_saved  # noqa: F401 — fixtures
from tests.browser.wires import lay_wire

pytestmark = pytest.mark.django_db(transaction=True)

READY = "[data-module][data-ready=true]"
SHELLS = "async () => (await caches.keys()).filter((name) => name.startsWith('gristmill-shell'))"
IS_WHOLE = """async (count) => {
  for (const name of (await caches.keys()).filter((one) => one.split(' ')[2] === location.pathname)) {
    const cache = await caches.open(name);
    const held = await cache.match(location.pathname + '?held');
    if (await cache.match(location.pathname) && held && (await held.json()).length === count) return true;
  }
  return false;
}"""


@pytest.fixture
def wire(live_server):
    with lay_wire(live_server.thread.port) as laid:
        yield laid


@pytest.fixture
def open_kept(browser, wire, login):
    """open_kept(project, user, "label", 6) is that page once this browser keeps it with so many items in hand."""
    context = browser.new_context(base_url=wire.url, viewport={"width": 1280, "height": 800}, locale="en-US")
    context.set_default_timeout(15_000)

    def open_page(project, user, place: str, count: int):
        page = context.new_page()
        login(page, user)
        page.goto(f"/projects/{project.slug}/{place}")
        page.wait_for_selector(READY, state="attached")
        wait_until(lambda: page.evaluate(IS_WHOLE, count))
        return page

    yield open_page
    context.close()


def reload(page) -> None:
    page.reload()
    page.wait_for_selector(READY, state="attached")


def assert_refused(page, path: str) -> None:
    with pytest.raises(PlaywrightError, match="ERR_CONNECTION_REFUSED|ERR_FAILED"):
        page.goto(path)


@pytest.mark.parametrize("kind", ["text", "image"])
def test_a_page_reloaded_offline_stands_and_what_is_labeled_there_arrives_once(
    make_project,  # noqa: F811
    open_kept,
    wire,
    kind,
):
    project, annotator = make_project(f"{kind}_classification", count=6)
    page = open_kept(project, annotator, "label", 6)
    wire.cut()
    page.keyboard.press("1")
    expect(page.locator("[data-part=save]")).to_contain_text("1 kept here")

    reload(page)

    expect(page.locator("[data-part=notice]")).to_contain_text("You are offline. The 5 items you had in hand are here.")
    if kind == "image":
        expect(page.locator(".image-picture")).to_have_js_property("naturalWidth", 320)
    page.keyboard.press("2")
    expect(page.locator("[data-part=save]")).to_contain_text("2 kept here")
    reload(page)
    expect(page.locator("[data-part=notice]")).to_contain_text("The 4 items")
    page.keyboard.press("3")
    expect(page.locator("[data-part=save]")).to_contain_text("3 kept here")
    assert not Annotation.objects.exists()
    wire.mend()
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_until_saved(page, 3, annotator)
    expect(page.locator("[data-part=notice]")).to_be_hidden()
    for _ in range(3):
        page.keyboard.press("1")
    wait_until_saved(page, 6, annotator)

    answers = Annotation.objects.order_by("task_id").values_list("value", flat=True)
    assert list(answers) == ["cat", "dog", "owl", "cat", "cat", "cat"]


def test_a_grid_reloaded_offline_stands_with_its_page(make_project, open_kept, wire):  # noqa: F811
    project, annotator = make_project("text_classification", count=6)
    page = open_kept(project, annotator, "label/grid", 6)
    wire.cut()

    reload(page)

    expect(page.locator(".label-grid-tile")).to_have_count(6)
    expect(page.locator("[data-part=notice]")).to_contain_text("The 6 items you had in hand are here")
    page.keyboard.press("Control+a")
    page.keyboard.press("2")
    expect(page.locator("[data-part=save]")).to_have_text("Offline (6)")
    assert not Annotation.objects.exists()
    wire.mend()
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_until_saved(page, 6, annotator)
    assert Annotation.objects.count() == 6


def test_a_kept_page_is_shown_only_while_no_server_answers(make_project, open_kept, wire):  # noqa: F811
    project, annotator = make_project("text_classification", count=2)
    page = open_kept(project, annotator, "label", 2)
    project.name = "A newer release"
    project.save()

    page.reload()

    expect(page.locator(".annotator-project")).to_have_text("A newer release")
    page.wait_for_selector(READY, state="attached")
    newest = "async () => (await (await caches.match(location.pathname)).text()).includes('A newer release')"
    wait_until(lambda: page.evaluate(newest))
    wire.cut()
    reload(page)
    expect(page.locator(".annotator-project")).to_have_text("A newer release")
    expect(page.locator("[data-part=notice]")).to_contain_text("You are offline")
    assert len(page.evaluate(SHELLS)) == 1
    assert_refused(page, f"/projects/{project.slug}/label/overview")  # no other page is kept
    assert_refused(page, f"/projects/{project.slug}/label/grid")  # this one was never opened


def test_nothing_is_kept_once_one_logs_out_or_is_no_member_any_more(make_project, open_kept, wire):  # noqa: F811
    project, annotator = make_project("text_classification", count=2)
    page = open_kept(project, annotator, "label", 2)
    project.memberships.all().delete()

    page.reload()

    assert page.evaluate(SHELLS) == []
    page.goto("/account/profile")
    page.locator(".topbar details").last.click()
    page.evaluate("caches.open('gristmill-shell 1 /projects/another/label 1')")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login*")
    wait_until(lambda: page.evaluate(SHELLS) == [])
    workers = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    wait_until(lambda: page.evaluate(workers) == 0)
    wire.cut()
    assert_refused(page, f"/projects/{project.slug}/label")
