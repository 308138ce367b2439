"""Review as a reviewer does it: by keyboard, on a wide screen and on a tablet."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import rules, services
from lifecycle.annotations.models import Review
from lifecycle.datasets.models import Dataset, Item
from tests import factories

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
