"""Review as a reviewer does it: by keyboard, on a wide screen and on a tablet."""

from __future__ import annotations

import re

import numpy as np
import pytest
from label_studio_sdk.converter import brush
from playwright.sync_api import expect

from lifecycle.annotations import rules, services
from lifecycle.annotations.models import Review, Task
from lifecycle.annotations.services import consensus
from lifecycle.datasets.models import Dataset, Item
from tests import factories
from tests.browser.test_label_images import HEIGHT, WIDTH
from tests.browser.test_label_images import project as photographs  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)

REASON = "not a cat <img src=x onerror=alert(1)>"


@pytest.fixture
def answered(transactional_db):
    """(project, reviewer, items): eight texts that somebody called “cat”."""
    owner, annotator, reviewer = (factories.UserFactory() for _ in range(3))
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    for user, role in ((annotator, "annotator"), (reviewer, "reviewer")):
        factories.MembershipFactory(project=project, user=user, role=role)
    dataset = Dataset.objects.get(project=project)
    collection = factories.CollectionFactory(dataset=dataset)
    services.create_schema(project=project, classes=["cat", "dog", "owl"], created_by=owner)
    items = [factories.ItemFactory(dataset=dataset, collection=collection, text=f"review {n}") for n in range(8)]
    services.open_tasks(collection=collection)
    cat = rules.build_result("class", "cat")
    for task in services.lease_next(project=project, user=annotator, count=8):
        services.submit(project=project, user=annotator, task_id=task.pk, result=cat)
    return project, reviewer, items


@pytest.fixture
def images(photographs):  # noqa: F811
    """(project, reviewer): one photograph on which somebody painted a stain in the middle."""
    annotator, reviewer = (factories.UserFactory() for _ in range(2))
    for user, role in ((annotator, "annotator"), (reviewer, "reviewer")):
        factories.MembershipFactory(project=photographs, user=user, role=role)
    painted = np.zeros((HEIGHT, WIDTH), np.uint8)
    painted[200:400, 300:600] = 255
    result = [
        {
            "id": "m1", "from_name": "mask", "to_name": "item", "type": "brushlabels",
            "original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0,
            "value": {"format": "rle", "rle": brush.mask2rle(painted), "brushlabels": ["stain"]},
        }
    ]  # fmt: skip
    (task,) = services.lease_next(project=photographs, user=annotator, count=1)
    services.submit(project=photographs, user=annotator, task_id=task.pk, result=result)
    return photographs, reviewer


def test_answers_are_accepted_fixed_and_rejected_by_keyboard(answered, browser_page, login, watch_console):
    project, reviewer, items = answered
    page, problems = browser_page, watch_console(browser_page)
    login(page, reviewer)
    waiting = len(items)

    for width, height in ((1440, 900), (820, 1180)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"/projects/{project.slug}/label/review")
        desk = page.locator("#review")
        expect(desk).to_contain_text(f"{waiting} waiting")
        first = page.locator(".review-text").inner_text()

        page.keyboard.press("j")
        expect(page.locator(".review-text")).not_to_have_text(first)
        page.keyboard.press("k")
        expect(page.locator(".review-text")).to_have_text(first)
        page.keyboard.press("a")
        expect(desk).to_contain_text(f"{waiting - 1} waiting")
        page.keyboard.press("r")
        page.keyboard.type(REASON)
        page.keyboard.press("Enter")
        expect(desk).to_contain_text(f"{waiting - 2} waiting")
        page.keyboard.press("f")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        expect(page.locator("[data-class=cat]")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("2")
        page.wait_for_url(re.compile("/label/review"))
        waiting -= 3
        expect(desk).to_contain_text(f"{waiting} waiting")
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    verdicts = sorted(Review.objects.values_list("verdict", flat=True))
    assert verdicts == ["accepted"] * 2 + ["fixed"] * 2 + ["rejected"] * 2
    assert list(Review.objects.filter(verdict="rejected").values_list("reason", flat=True)) == [REASON] * 2
    assert Item.objects.filter(label="dog").count() == 2
    page.goto(f"/projects/{project.slug}/label/review/verdicts")
    expect(page.locator("#content")).to_contain_text(REASON)
    assert problems == []


def test_the_last_verdict_is_taken_back_by_one_key(answered, browser_page, login, watch_console):
    project, reviewer, items = answered
    page, problems = browser_page, watch_console(browser_page)
    login(page, reviewer)
    page.goto(f"/projects/{project.slug}/label/review")
    page.wait_for_load_state("networkidle")  # the scripts that listen to keys are there
    desk = page.locator("#review")
    first = page.locator(".review-text").inner_text()

    page.keyboard.press("a")
    expect(desk).to_contain_text(f"{len(items) - 1} waiting")
    expect(page.locator(".review-last")).to_contain_text("accepted")
    page.keyboard.press("u")

    expect(desk).to_contain_text(f"{len(items)} waiting")
    expect(page.locator(".review-text")).to_have_text(first)
    assert not Review.objects.exists()
    assert problems == []


def test_a_painted_mask_lies_over_the_picture(images, browser_page, login, watch_console):
    project, reviewer = images
    page, problems = browser_page, watch_console(browser_page)
    login(page, reviewer)

    page.goto(f"/projects/{project.slug}/label/review")

    mask = page.get_by_role("img", name="painted: stain")
    expect(mask).to_be_visible()
    picture, canvas = page.locator(".review-picture img").bounding_box(), mask.bounding_box()
    assert [round(canvas[side]) for side in ("x", "y", "width", "height")] == [
        round(picture[side]) for side in ("x", "y", "width", "height")
    ]
    alphas = mask.evaluate(
        """canvas => [[450, 300], [10, 10]].map(([x, y]) =>
            [...canvas.getContext("2d").getImageData(x, y, 1, 1).data])"""
    )
    inside, outside = alphas
    assert inside[3] > 80 and max(inside[:3]) > 0 and outside[3] == 0
    assert not problems


def test_the_page_of_an_item_shows_what_three_people_came_to(photographs, browser_page, login, watch_console):  # noqa: F811
    page, problems = browser_page, watch_console(browser_page)
    services.change_settings(project=photographs, actor=photographs.created_by, overlap=3)
    task = Task.objects.order_by("pk").first()
    size = {"original_width": WIDTH, "original_height": HEIGHT, "to_name": "item"}
    for n in range(3):
        painted = np.zeros((HEIGHT, WIDTH), np.uint8)
        painted[200:400, 300 + n : 600 + n] = 255
        value = {"x": 10 + n, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["cell"]}
        stain = {"format": "rle", "rle": brush.mask2rle(painted), "brushlabels": ["stain"]}
        result = [
            size | {"id": "b", "from_name": "label", "type": "rectanglelabels", "value": value},
            size | {"id": "m", "from_name": "mask", "type": "brushlabels", "value": stain},
        ]
        who = {"project": photographs, "user": factories.UserFactory(username=f"person{n}")}
        services.submit(**who, task_id=task.pk, result=result[: 1 + (n > 0)], may_answer_any=True)
    consensus.work_out(consensus.start(project=photographs, user=photographs.created_by))
    login(page, photographs.created_by)

    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"/projects/{photographs.slug}/items/{task.item_id}")
        card = page.locator("#final-label")
        expect(card.get_by_role("img", name="painted: stain")).to_be_visible()
        expect(card.locator("polygon")).to_have_count(1)
        expect(card).to_contain_text("person1, person2")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert problems == []
