"""The quiz before labelling where answers are drawn: in the labelling tool, with what was off shown at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, QuizAttempt
from lifecycle.annotations.services import gold_items, quality
from tests import factories
from tests.browser.test_label_images import HEIGHT, WIDTH, Photograph, choose, expect_regions
from tests.browser.test_label_images import project as photographs  # noqa: F401 — fixture
from tests.browser.test_label_spans import SPANS, mark
from tests.browser.test_label_spans import make_project as make_texts  # noqa: F401 — fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def open_quiz(browser_page, login, watch_console):
    """open_quiz(project, result) marks two items as gold with this answer and begins the quiz of a newcomer."""
    problems = watch_console(browser_page)

    def open_it(project, result: list[dict]):
        owner, newcomer = project.created_by, factories.UserFactory()
        factories.MembershipFactory(project=project, user=newcomer, role="annotator")
        for task in services.lease_next(project=project, user=owner, count=2):
            answer = services.submit(project=project, user=owner, task_id=task.pk, result=result)
            gold_items.mark(project=project, actor=owner, annotation=answer, explanation="Only whole ones count.")
        quality.change_settings(project=project, actor=owner, quiz_questions=2, quiz_pass_share=1.0)
        login(browser_page, newcomer)
        browser_page.goto(f"/projects/{project.slug}/label")
        browser_page.get_by_role("button", name="Start the quiz").click()
        wait_until_ready(browser_page)
        return browser_page

    yield open_it
    assert problems == []
    assert set(Annotation.objects.values_list("user__username", flat=True).distinct()).isdisjoint(
        QuizAttempt.objects.values_list("user__username", flat=True)
    )


def wait_until_ready(page) -> None:
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")


def draw_box(page, start, end) -> None:
    photo = Photograph(page)
    if not page.locator("[data-label=cell][aria-pressed=true]").count():
        choose(page, "cell")
    photo.drag(start, end)
    expect_regions(page, 1)
    page.keyboard.press("Enter")


def test_boxes_are_asked_shown_dashed_and_tried_again(photographs, open_quiz):  # noqa: F811
    value = {"x": 60, "y": 60, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cell"]}
    size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    entry = size | {"id": "a", "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}
    page = open_quiz(photographs, [entry])
    told, ghosts = page.locator("[data-part=feedback]"), page.locator(".image-ghosts > *")
    expect(page.get_by_role("button", name="Skip", exact=True)).to_be_hidden()

    draw_box(page, (0.1, 0.1), (0.3, 0.3))
    expect(told).to_contain_text("Not quite. Expected")
    expect(told).to_contain_text("Only whole ones count.")
    expect(ghosts).to_have_count(0)
    page.keyboard.press("w")
    expect(ghosts).to_have_count(1)
    expect_regions(page, 1)
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=said]")).to_contain_text("first answer")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#annotator.is-looking-back")).to_have_count(0)
    page.reload()
    wait_until_ready(page)
    expect(page.locator("[data-part=progress]")).to_have_text("1 of 2")
    draw_box(page, (0.6, 0.6), (0.8, 0.8))
    expect(told).to_contain_text("Right.")
    expect(page.locator("[data-part=emptyTitle]")).to_have_text("That was the last question")
    page.get_by_role("link", name="See how it went").click()
    expect(page.get_by_text("1 of 2 right")).to_be_visible()

    page.get_by_role("button", name="Try again").click()
    wait_until_ready(page)
    for answered in (1, 2):
        draw_box(page, (0.6, 0.6), (0.8, 0.8))
        expect(page.locator("[data-part=progress]")).to_have_text(f"{answered} of 2")
    expect(page.locator("[data-part=save]")).to_have_text("Saved")
    page.get_by_role("link", name="See how it went").click()
    page.get_by_role("link", name="Label items").last.click()
    wait_until_ready(page)
    expect(page.get_by_role("button", name="Skip", exact=False).first).to_be_visible()


def test_spans_are_asked_and_the_right_ones_stand_beside_ones_own(make_texts, open_quiz):  # noqa: F811
    made = make_texts(SPANS, "span_labelling", ["Acme Corp bought Initech.", "Acme Corp sold Initech."])
    value = {"start": 0, "end": 9, "text": "Acme Corp", "labels": ["ORG"]}
    page = open_quiz(
        made.project, [{"id": "a", "from_name": "label", "to_name": "item", "type": "labels", "value": value}]
    )

    page.keyboard.press("1")
    mark(page, "Initech")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=feedback]")).to_contain_text("Not quite.")
    page.keyboard.press("w")

    expect(page.locator(".annotator-span-name.is-ghost")).to_have_count(1)
    expect(page.locator(".annotator-span-name")).to_have_count(2)
    assert QuizAttempt.objects.get().is_passed is None
