"""Regions through a cut network and a killed tab, and regions that a model suggests."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations.models import Annotation, AssistanceSettings, SuggestionOutcome, Task
from lifecycle.annotations.services import suggestions
from tests import factories
from tests.browser.test_label_images import HEIGHT, WIDTH, Photograph, choose, expect_regions, submit
from tests.browser.test_label_images import project as photographs  # noqa: F401 — fixture
from tests.browser.test_label_spans import SPANS, mark, wait_until_saved
from tests.browser.test_label_spans import make_project as make_texts  # noqa: F401 — fixture
from tests.browser.test_labelling import kill_tab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def open_page(browser_context, login):
    """open_page(project, user) is the labelling page in a new tab, everything in hand fetched."""

    def open_it(project, user):
        page = browser_context.new_page()
        login(page, user)
        page.goto(f"/projects/{project.slug}/label")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        page.wait_for_load_state("networkidle")
        return page

    return open_it


def join(project):
    annotator = factories.UserFactory()
    factories.MembershipFactory(project=project, user=annotator, role="annotator")
    return annotator


def test_boxes_and_masks_drawn_offline_survive_a_killed_tab_and_arrive_once(photographs, open_page, browser_context):  # noqa: F811
    annotator = join(photographs)
    page = open_page(photographs, annotator)
    saved = page.locator("[data-part=save]")
    Photograph(page)
    browser_context.set_offline(True)

    choose(page, "cell")
    Photograph(page).drag((0.2, 0.2), (0.4, 0.5))
    expect_regions(page, 1)
    page.keyboard.press("Enter")
    expect(saved).to_contain_text("1 kept here")
    choose(page, "stain")
    Photograph(page).drag((0.3, 0.5), (0.6, 0.5))
    expect_regions(page, 1)
    page.keyboard.press("Enter")
    expect(saved).to_contain_text("2 kept here")
    choose(page, "cell")
    Photograph(page).drag((0.5, 0.5), (0.7, 0.7))  # not submitted: a draft
    expect_regions(page, 1)
    page.wait_for_timeout(400)  # longer than a draft waits to be written
    kill_tab(page)
    page.close()
    assert not Annotation.objects.exists()
    browser_context.set_offline(False)

    page = open_page(photographs, annotator)
    box, mask = wait_until_saved(page, annotator, 2)
    expect_regions(page, 1)
    page.reload()
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")

    assert Annotation.objects.count() == 2
    assert [entry["type"] for entry in (*box.result, *mask.result)] == ["rectanglelabels", "brushlabels"]
    assert box.result[0]["value"]["width"] == pytest.approx(20, abs=0.6)
    assert len(mask.result[0]["value"]["rle"]) > 20


def suggest(project, results: list[list[dict]], value: str) -> None:
    """A suggestion on every task, shown to everybody."""
    source = suggestions.create_source(project=project, actor=project.created_by, kind="file", title="m", version="m 7")
    suggestions.change_assistance(project=project, actor=project.created_by, hidden_share=0.1)
    AssistanceSettings.objects.filter(project=project).update(hidden_share=0)  # less than people may choose
    tasks = Task.objects.filter(dataset__project=project).order_by("pk")
    drafts = [suggestions.Draft(task.pk, result, value, 0.9) for task, result in zip(tasks, results, strict=True)]
    suggestions.write(source=source, rows=drafts)


def press_of(page, name: str) -> None:
    """Press the one key that the button shows."""
    page.keyboard.press(page.get_by_role("button", name=name).locator("kbd").inner_text())


def list_verdicts() -> list[str]:
    return list(SuggestionOutcome.objects.order_by("task").values_list("verdict", flat=True))


def test_suggested_boxes_are_accepted_corrected_and_rejected_by_one_key(photographs, open_page):  # noqa: F811
    annotator = join(photographs)
    value = {"x": 20, "y": 20, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cell"]}
    size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    box = size | {"id": "s", "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}
    suggest(photographs, [[box]] * 3, "cell")
    page = open_page(photographs, annotator)
    bar, ghosts = page.locator("[data-part=proposal]"), page.locator(".image-ghosts > *")

    expect(ghosts).to_have_count(1)
    expect_regions(page, 0)
    press_of(page, "Accept")
    expect_regions(page, 1)
    expect(ghosts).to_have_count(0)
    submit(page, annotator, 1)

    expect(bar).to_be_visible()
    press_of(page, "Accept")
    expect_regions(page, 1)
    page.locator("[data-region]").click()
    for _ in range(9):
        page.keyboard.press("Shift+ArrowRight")
    corrected = submit(page, annotator, 2)

    expect(bar).to_be_visible()
    press_of(page, "Reject")
    expect(bar).to_be_hidden()
    expect_regions(page, 0)
    choose(page, "dust")
    Photograph(page).drag((0.6, 0.6), (0.8, 0.8))
    rejected = submit(page, annotator, 3)

    assert list_verdicts() == ["accepted", "corrected", "rejected"]
    assert corrected[0]["value"]["x"] > 20 and rejected[0]["value"]["rectanglelabels"] == ["dust"]


def test_suggested_spans_are_accepted_corrected_and_rejected_by_one_key(make_texts, open_page):  # noqa: F811
    made = make_texts(SPANS, "span_labelling", [f"Acme bought Initech, {n}." for n in range(3)])
    value = {"start": 0, "end": 4, "text": "Acme", "labels": ["ORG"]}
    span = {"id": "s", "from_name": "label", "to_name": "item", "type": "labels", "value": value}
    suggest(made.project, [[span]] * 3, "ORG")
    page = open_page(made.project, made.annotator)
    ghosts = page.locator(".annotator-span-name.is-ghost")

    for done, way in enumerate(("accept", "correct", "reject")):
        expect(ghosts).to_have_count(1)
        if way == "accept":
            press_of(page, "Submit as it is")
        else:
            if way == "correct":  # something was begun: the key that submits does not throw it away unseen
                page.keyboard.press("1")
                mark(page, "bought")
                page.keyboard.press("Shift+Enter")
                expect(page.locator("[data-part=said]")).to_contain_text("undo brings that back")
            else:
                press_of(page, "Reject")
            expect(ghosts).to_have_count(0)
            expect_regions(page, 0 if way == "reject" else 1)
            page.keyboard.press("1")
            mark(page, "Initech")
            page.keyboard.press("Enter")
        wait_until_saved(page, made.annotator, done + 1)

    assert list_verdicts() == ["accepted", "corrected", "rejected"]


def test_on_a_phone_the_picture_has_the_room_beside_a_suggestion(photographs, open_page):  # noqa: F811
    annotator = join(photographs)
    value = {"x": 20, "y": 20, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cell"]}
    size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    box = size | {"id": "s", "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}
    suggest(photographs, [[box]] * 3, "cell")
    page = open_page(photographs, annotator)
    page.keyboard.press("g")  # the guide, which was open on a wide page
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("[data-part=proposal]")).to_be_visible()

    stage, sheet = (page.locator(name).bounding_box() for name in ("[data-part=stage]", ".image-sheet"))

    assert stage["height"] > 300 and stage["width"] == 390 and sheet["width"] > 250
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
