"""Answers and suggestions as Label Studio writes them, where every entry has an id of its own, are seen, accepted and
changed like those made here."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services import submit
from tests.browser.test_label_regions import list_verdicts, press_of, suggest
from tests.browser.test_label_spans import QUESTIONS, make_project, open_page, wait_until_saved  # noqa: F401 — fixtures
from tests.browser.test_labelling import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = ["It came late and torn.", "Too dear."]


def say(**values) -> list[dict]:
    types = {"label": "choices", "anger": "rating", "why": "textarea"}
    keys = {"textarea": "text"}
    return [
        {"id": f"ls-{name}", "from_name": name, "to_name": "item", "type": types[name],
         "value": {keys.get(types[name], types[name]): value}}
        for name, value in values.items()
    ]  # fmt: skip


def test_a_suggestion_with_ids_is_told_accepted_and_submitted_whole(make_project, open_page):  # noqa: F811
    made = make_project(QUESTIONS, "text_labelling", TEXTS)
    suggest(made.project, [say(label=["damage"], anger=2, why=["It is torn"])] * 2, "damage")
    page = open_page(made)

    expect(page.locator("[data-part=proposal]")).to_contain_text("damage")
    press_of(page, "Accept")
    expect(page.locator("[data-value=damage]")).to_have_attribute("aria-checked", "true")
    expect(page.locator("[data-control=why] textarea").first).to_have_value("It is torn")
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    assert {entry["from_name"] for entry in answer.result} == {"label", "anger", "why"}
    assert list_verdicts() == ["accepted"]


@pytest.mark.parametrize("origin", ["import", "human"])
def test_change_opens_what_one_said_before(make_project, open_page, origin):  # noqa: F811
    made = make_project(QUESTIONS, "text_labelling", TEXTS)
    task = Task.objects.filter(dataset__project=made.project).order_by("pk").first()
    said = say(label=["damage"], anger=2, why=["It is torn"])
    submit(project=made.project, user=made.annotator, task_id=task.pk, result=said, may_answer_any=True)
    Annotation.objects.update(origin=origin)
    page = open_page(made)

    page.goto(f"{made.url}/overview")
    page.get_by_role("link", name="Change").click()
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")
    expect(page.locator("[data-value=damage]")).to_have_attribute("aria-checked", "true")
    expect(page.locator("[data-control=why] textarea").first).to_have_value("It is torn")
    page.locator("[data-value=price]").click()
    page.keyboard.press("Enter")

    wait_until(lambda: Annotation.objects.filter(task=task).count() == 2)
    answer = Annotation.objects.get(task=task, is_current=True)
    values = {entry["from_name"]: entry["value"] for entry in answer.result}
    assert set(values["label"]["choices"]) == {"damage", "price"}
    assert values["anger"] == {"rating": 2} and values["why"] == {"text": ["It is torn"]}
