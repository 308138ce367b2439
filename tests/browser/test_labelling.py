"""Labelling as a person does it: with the keyboard, through a cut network, in a tab that dies."""

from __future__ import annotations

import contextlib
import hashlib
import io
import time

import pytest
from django.conf import settings
from PIL import Image
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Lease, Task
from lifecycle.common.blobs import open_blobs
from lifecycle.datasets.models import Dataset, Item
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

CLASSES = ["cat", "dog", "owl"]


@pytest.fixture
def make_project(transactional_db):
    """make_project("text_classification", count=12) has that many open tasks, and an annotator to answer them."""

    def make(problem_type: str, *, count: int = 12, classes=CLASSES):
        owner = factories.UserFactory()
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        dataset = Dataset.objects.get(project=project)
        collection = factories.CollectionFactory(dataset=dataset)
        if classes or problem_type == "tabular_regression":
            services.create_schema(project=project, classes=classes, created_by=owner)
        for number in range(count):
            _make_item(dataset, collection, number)
        services.open_tasks(collection=collection)
        annotator = factories.UserFactory()
        factories.MembershipFactory(project=project, user=annotator, role="annotator")
        return project, annotator

    return make


def _make_item(dataset, collection, number: int) -> Item:
    content: dict = {"text": f"text number {number}"}
    if dataset.item_kind == "image":
        picture = io.BytesIO()
        Image.new("RGB", (320, 240), (number * 20 % 255, 90, 160)).save(picture, "PNG")
        blob = open_blobs(settings.STORAGE_URL).put(picture.getvalue())
        content = {"text": "", "blob": blob, "mime": "image/png", "width": 320, "height": 240,
                   "byte_size": len(picture.getvalue())}  # fmt: skip
    elif dataset.item_kind == "row":
        content = {"text": "", "row": {"carat": 0.2 + number, "cut": "Ideal", "note": None}}
    key = hashlib.sha256(f"{dataset.pk}-{number}".encode()).hexdigest()
    return factories.ItemFactory(dataset=dataset, collection=collection, content_hash=key, **content)


@pytest.fixture
def open_label_page(browser_page, login):
    """open_label_page(project, user) is the labelling page, ready for keys."""

    def open_page(project, user, page=None):
        page = page or browser_page
        login(page, user)
        page.goto(f"/projects/{project.slug}/label")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        return page

    return open_page


def wait_until_saved(page, count: int, user) -> None:
    expect(page.locator("[data-part=save]")).to_have_text("Saved")
    assert Annotation.objects.filter(user=user, is_current=True, kind="answer").count() == count


def describe_item(page) -> str:
    return page.locator("[data-part=stage]").inner_text()


@pytest.mark.parametrize(
    "problem_type",
    ["image_classification", "text_classification", pytest.param("tabular_classification", marks=pytest.mark.long)],
)
def test_twenty_items_are_labeled_by_keyboard(make_project, open_label_page, watch_console, browser_page, problem_type):
    problems = watch_console(browser_page)
    project, annotator = make_project(problem_type, count=20)
    page = open_label_page(project, annotator)

    for number in range(20):
        page.wait_for_selector("[data-part=stage]:not([hidden])")
        page.keyboard.press(str(number % 3 + 1))

    page.wait_for_selector("[data-part=empty]:not([hidden])")
    wait_until_saved(page, 20, annotator)
    assert Task.objects.filter(state="done").count() == 20
    labels = list(Item.objects.order_by("pk").values_list("label", flat=True))
    assert labels == [CLASSES[number % 3] for number in range(20)]
    assert problems == []


def test_a_picture_is_looked_at_closely_without_leaving_the_keys(
    make_project, open_label_page, watch_console, browser_page
):
    problems = watch_console(browser_page)
    project, annotator = make_project("image_classification", count=3)
    page = open_label_page(project, annotator)
    picture, sheet = page.locator(".image-turned > img"), page.locator(".image-sheet")
    picture.wait_for()
    fitted, shown = sheet.bounding_box(), picture.get_attribute("src")

    page.keyboard.press("+")
    page.keyboard.press("+")
    near = sheet.bounding_box()
    assert near["width"] == pytest.approx(1.25**2 * fitted["width"], rel=0.01)
    page.keyboard.press("Shift+ArrowRight")
    assert sheet.bounding_box()["x"] < near["x"]
    page.mouse.dblclick(near["x"] + near["width"] / 2, near["y"] + near["height"] / 2)
    assert sheet.bounding_box() == fitted
    page.keyboard.press("Shift+r")
    turned = sheet.bounding_box()
    assert turned["height"] > turned["width"]  # 320 by 240, on its side
    page.get_by_role("slider", name="Brightness").fill("1")
    assert "brightness(2)" in picture.evaluate("image => getComputedStyle(image).filter")

    page.keyboard.press("1")

    expect(picture).not_to_have_attribute("src", shown)
    assert sheet.bounding_box() == fitted
    assert "brightness(2)" in picture.evaluate("image => getComputedStyle(image).filter")  # as one likes to work
    wait_until_saved(page, 1, annotator)
    assert problems == []


def test_a_number_is_saved_by_enter(make_project, open_label_page):
    project, annotator = make_project("tabular_regression", count=2, classes=[])
    page = open_label_page(project, annotator)

    page.keyboard.type("12,5")
    page.keyboard.press("Enter")
    assert "point before the decimals" in page.locator("[data-part=numberError]").inner_text()
    page.fill("[data-part=number]", "12.5")
    page.keyboard.press("Enter")
    page.keyboard.type("-3")
    page.keyboard.press("Enter")

    wait_until_saved(page, 2, annotator)
    assert list(Item.objects.order_by("pk").values_list("label", flat=True)) == ["12.5", "-3"]


def test_undo_goes_back_to_the_item_also_after_it_was_saved(make_project, open_label_page):
    project, annotator = make_project("text_classification", count=3)
    page = open_label_page(project, annotator)
    first = describe_item(page)
    page.keyboard.press("1")
    wait_until_saved(page, 1, annotator)
    assert describe_item(page) != first

    page.keyboard.press("Control+z")

    wait_until_saved(page, 0, annotator)
    assert describe_item(page) == first
    page.get_by_role("button", name="Redo").click()  # also where one key is the answer
    wait_until_saved(page, 1, annotator)
    page.keyboard.press("Control+z")
    wait_until_saved(page, 0, annotator)
    page.keyboard.press("2")
    wait_until_saved(page, 1, annotator)
    assert Item.objects.order_by("pk").first().label == "dog"
    assert Annotation.objects.count() == 5  # every version is kept


def test_undo_goes_back_over_a_reload_to_what_this_tab_did(make_project, open_label_page, browser_context):
    project, annotator = make_project("text_classification", count=4)
    page = open_label_page(project, annotator)
    first = describe_item(page)
    page.keyboard.press("1")
    page.keyboard.press("2")
    wait_until_saved(page, 2, annotator)

    page.reload()
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")
    expect(page.locator("[data-part=undo]")).to_be_enabled()
    page.keyboard.press("u")
    page.keyboard.press("u")

    wait_until_saved(page, 0, annotator)
    assert describe_item(page) == first
    page.keyboard.press("3")
    wait_until_saved(page, 1, annotator)
    other = open_label_page(project, annotator, browser_context.new_page())
    expect(other.locator("[data-part=undo]")).to_be_disabled()  # another tab undoes what it did itself


def test_an_earlier_answer_is_changed_from_the_history(make_project, open_label_page):
    project, annotator = make_project("text_classification", count=4)
    page = open_label_page(project, annotator)
    page.keyboard.press("1")
    page.keyboard.press("1")
    third = describe_item(page)

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator("[data-class=cat]").get_attribute("aria-pressed") == "true"
    page.keyboard.press("3")
    page.keyboard.press("Escape")

    assert describe_item(page) == third
    wait_until_saved(page, 2, annotator)
    assert list(Item.objects.order_by("pk").values_list("label", flat=True)) == ["owl", "cat", None, None]


def test_a_skip_with_a_reason_leaves_the_queue(make_project, open_label_page):
    project, annotator = make_project("text_classification", count=2)
    page = open_label_page(project, annotator)

    page.keyboard.press("Shift+S")
    page.click("[data-reason='no class fits']")
    page.keyboard.press("1")

    wait_until_saved(page, 1, annotator)
    assert Task.objects.order_by("pk").first().skip_reason == "no class fits"


def test_a_hundred_labels_given_offline_survive_a_killed_tab_and_arrive_once(
    make_project, _playwright, chromium_options, login, live_url, tmp_path
):
    project, annotator = make_project("text_classification", count=140)

    def open_profile():
        context = _playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), base_url=live_url, **chromium_options
        )
        page = context.pages[0]
        login(page, annotator)
        page.goto(f"/projects/{project.slug}/label")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        return context, page

    context, page = open_profile()
    for number in range(15):
        page.keyboard.press("1")
        wait_until_saved(page, number + 1, annotator)
    wait_until(lambda: Lease.objects.filter(user=annotator).count() >= 100)  # a fast person holds more
    page.wait_for_load_state("networkidle")
    context.set_offline(True)
    for _ in range(100):
        page.keyboard.press("3")
    expect(page.locator("[data-part=save]")).to_contain_text("100 kept here")
    kill_tab(page)
    context.close()
    assert Annotation.objects.count() == 15

    context, page = open_profile()
    wait_until_saved(page, 115, annotator)
    context.close()
    assert Annotation.objects.count() == 115
    assert Task.objects.filter(state="done").count() == 115


def wait_until(is_true) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def kill_tab(page) -> None:
    """End the tab's process as the operating system would: no handler of the page runs any more."""
    with page.expect_event("crash"), contextlib.suppress(PlaywrightError):
        page.goto("chrome://crash")


def test_a_session_that_ended_is_said_and_nothing_is_lost(make_project, open_label_page, browser_context, login):
    project, annotator = make_project("text_classification", count=5)
    page = open_label_page(project, annotator)
    browser_context.clear_cookies()

    page.keyboard.press("1")

    expect(page.locator("[data-part=save]")).to_contain_text("Logged out")
    assert "You are logged out" in page.locator("[data-part=notice]").inner_text()
    login(page, annotator)
    page.reload()
    wait_until_saved(page, 1, annotator)


def test_the_page_works_by_tapping_on_a_phone(make_project, browser, live_url, login):
    project, annotator = make_project("image_classification", count=3)
    context = browser.new_context(
        base_url=live_url, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    login(page, annotator)
    page.goto(f"/projects/{project.slug}/label")
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")

    page.tap("[data-class=dog]")
    wait_until_saved(page, 1, annotator)

    edges = page.evaluate(
        "[...document.querySelectorAll('#annotator button')].map((b) => b.getBoundingClientRect().right)"
    )
    assert max(edges) <= 360
    context.close()


def test_a_project_without_classes_says_what_to_do(make_project, browser_page, login):
    project, annotator = make_project("text_classification", count=1, classes=[])
    login(browser_page, annotator)

    browser_page.goto(f"/projects/{project.slug}/label")

    assert "no classes yet" in browser_page.locator("main").inner_text()
