"""After a check item with regions one sees the right ones, dashed, beside one's own."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.services import gold_items
from tests import factories
from tests.browser.test_label_images import HEIGHT, WIDTH, Photograph, choose, expect_regions
from tests.browser.test_label_images import project as photographs  # noqa: F401 — fixture
from tests.browser.test_label_spans import SPANS, TEXT, mark
from tests.browser.test_label_spans import make_project as make_texts  # noqa: F401 — fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def open_check_item(browser_page, login, monkeypatch, watch_console):
    """open_check_item(project, result) is the labelling page with a check item whose right answer this is."""
    problems = watch_console(browser_page)

    def open_it(project, result: list[dict]):
        owner, annotator = project.created_by, factories.UserFactory()
        factories.MembershipFactory(project=project, user=annotator, role="annotator")
        (task,) = services.lease_next(project=project, user=owner, count=1)
        answer = services.submit(project=project, user=owner, task_id=task.pk, result=result)
        gold_items.mark(project=project, actor=owner, annotation=answer, explanation="Only whole ones count.")
        services.change_settings(project=project, actor=owner, gold_share=0.5)
        monkeypatch.setattr("lifecycle.annotations.services.queue.random.random", lambda: 0.0)
        login(browser_page, annotator)
        browser_page.goto(f"/projects/{project.slug}/label")
        browser_page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        return browser_page

    yield open_it
    assert problems == []


def test_the_right_boxes_are_drawn_beside_ones_own(photographs, open_check_item):  # noqa: F811
    value = {"x": 60, "y": 60, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cell"]}
    size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    entry = size | {"id": "a", "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}
    page = open_check_item(photographs, [entry])
    told, ghosts = page.locator("[data-part=feedback]"), page.locator(".image-ghosts > *")

    for _ in range(3):
        photo = Photograph(page)
        if not page.locator("[data-label=cell][aria-pressed=true]").count():
            choose(page, "cell")
        photo.drag((0.1, 0.1), (0.3, 0.3))
        expect_regions(page, 1)
        page.keyboard.press("Enter")
        expect(page.locator("[data-part=save]")).to_have_text("Saved")
        if told.is_visible():
            break
    expect(told).to_contain_text("Only whole ones count.")
    expect(ghosts).to_have_count(0)

    page.keyboard.press("w")

    expect(ghosts).to_have_count(1)
    expect(told).to_be_hidden()
    expect_regions(page, 1)
    expect(page.locator("[data-part=said]")).to_contain_text("Dashed is the right answer")


def test_the_right_spans_are_drawn_beside_ones_own(make_texts, open_check_item):  # noqa: F811
    made = make_texts(SPANS, "span_labelling", [TEXT, "Acme Corp sold Initech."])
    value = {"start": 2, "end": 11, "text": "Acme Corp", "labels": ["ORG"]}
    page = open_check_item(
        made.project, [{"id": "a", "from_name": "label", "to_name": "item", "type": "labels", "value": value}]
    )

    page.keyboard.press("1")
    for _ in range(2):
        mark(page, "Initech")
        page.keyboard.press("Enter")
        expect(page.locator("[data-part=save]")).to_have_text("Saved")
        if page.locator("[data-part=feedback]").is_visible():
            break
    page.get_by_role("button", name="Show both").click()

    expect(page.locator(".annotator-span-name.is-ghost")).to_have_count(1)
    expect(page.locator(".annotator-span-name")).to_have_count(2)
