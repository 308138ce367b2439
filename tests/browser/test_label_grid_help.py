"""What grid mode tells besides its items: check items, the guide, comments, likeness, the model's guess."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import transaction
from playwright.sync_api import expect

from lifecycle.annotations import rules, services
from lifecycle.annotations.models import Annotation, GoldAttempt, Task, TaskComment
from lifecycle.annotations.services import gold_items, suggestions
from lifecycle.embeddings.models import Encoder
from lifecycle.embeddings.services.vectors import prepare_encoder, store_vectors
from tests.browser.test_label_grid import open_grid, wait_until_saved
from tests.browser.test_labelling import make_project  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def mark_gold(project, *values: str) -> None:
    """The first tasks are answered by the owner, and are gold from then on."""
    owner = project.created_by
    tasks = services.lease_next(project=project, user=owner, count=len(values))
    for task, value in zip(tasks, values, strict=True):
        result = rules.build_result("class", value)
        made = services.submit(
            project=project, user=owner, task_id=task.pk, result=result, idempotency_key=f"gold-of-{task.pk:06}"
        )
        gold_items.mark(project=project, actor=owner, annotation=made, explanation=f"It is the {value}'s ears.")
    services.change_settings(project=project, actor=owner, gold_share=0.5)


def test_check_items_of_a_page_are_told_at_once(make_project, browser_page, login, monkeypatch):  # noqa: F811
    page = browser_page
    project, annotator = make_project("text_classification", count=6)
    mark_gold(project, "cat", "dog")
    monkeypatch.setattr("lifecycle.annotations.services.queue.random.random", lambda: 0.0)
    open_grid(page, login, project, annotator, "12")
    expect(page.locator(".label-grid-tile")).to_have_count(6)  # the check items among them
    verdict, told = page.locator("[data-part=feedback]"), page.locator(".label-grid-verdict")

    page.keyboard.press("Control+a")
    page.keyboard.press("1")

    expect(verdict).to_contain_text("1 of 2 check items right.")
    expect(verdict.get_by_role("listitem")).to_have_count(1)
    expect(verdict).to_contain_text("“cat”, expected “dog”")
    expect(verdict).to_contain_text("It is the dog's ears.")
    assert sorted(filter(None, told.all_inner_texts())) == ["expected: dog", "right"]
    verdict.get_by_role("button", name="expected").click()  # leads to the item
    expect(page.locator(".label-grid-tile.is-wrong.is-focus")).to_have_count(1)
    verdict.get_by_role("button", name="Close").click()
    expect(verdict).to_be_hidden()
    assert sorted(GoldAttempt.objects.values_list("is_right", flat=True)) == [False, True]


def test_the_guide_and_an_items_comments_stand_beside_the_grid(make_project, browser_page, login, watch_console):  # noqa: F811
    page = browser_page
    problems = watch_console(page)
    project, annotator = make_project("text_classification", count=4)
    services.write_guide(project=project, actor=project.created_by, body="An **owl** has no ears.")
    page.set_viewport_size({"width": 1440, "height": 900})
    open_grid(page, login, project, annotator, "12")
    guide, comments, said = (
        page.locator("#annotator-guide"),
        page.locator("[data-part=comments]"),
        page.locator(".annotator-comment p"),
    )

    expect(guide.locator("strong")).to_have_text("owl")
    page.keyboard.press("g")
    expect(guide).to_be_hidden()
    page.keyboard.press("c")
    expect(comments).to_contain_text("Nobody said anything about this item yet.")
    page.keyboard.type(f"two birds, 1 or 2? @{project.created_by.username}")
    page.keyboard.press("Control+Enter")
    expect(said).to_have_text(f"two birds, 1 or 2? @{project.created_by.username}")
    page.keyboard.press("Escape")  # out of the text
    page.keyboard.press("ArrowRight")
    expect(comments).to_contain_text("Nobody said anything about this item yet.")
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_count(1)
    page.keyboard.press("1")
    wait_until_saved(page, 1)

    (comment,) = TaskComment.objects.all()
    (answer,) = Annotation.objects.all()
    assert (comment.task_id, comment.author, answer.guide_version) == (answer.task_id, annotator, 1)
    assert problems == []


def test_items_stand_by_likeness_or_by_the_models_guess(make_project, browser_page, login, monkeypatch):  # noqa: F811
    page = browser_page
    monkeypatch.setattr("lifecycle.annotations.assistance_rules.is_hidden", lambda *_: False)
    project, annotator = make_project("text_classification", count=6)
    owner, tasks = project.created_by, list(Task.objects.order_by("pk"))
    encoder = Encoder.objects.create(dataset=tasks[0].dataset, kind=Encoder.Kind.MINILM)
    crowds = np.array([[10 * (number % 2), number**2 / 10] for number in range(len(tasks))], np.float32)  # in turn
    with transaction.atomic():
        prepare_encoder(encoder=encoder, state={"dimension": 2})
        store_vectors(encoder=encoder, item_ids=[task.item_id for task in tasks], vectors=crowds, problems={})
    source = suggestions.create_source(project=project, actor=owner, kind="file", title="by hand", version="model 7")
    guesses = {1: ("owl", 0.9), 2: ("cat", 0.6), 4: ("cat", 0.8)}
    drafts = [
        suggestions.Draft(task.pk, rules.build_result("class", guesses[number][0]), *guesses[number])
        for number, task in enumerate(tasks)
        if number in guesses
    ]
    suggestions.write(source=source, rows=drafts)
    open_grid(page, login, project, annotator, "12")
    texts = [f"text number {number}" for number in range(6)]
    expect(page.locator(".label-grid-text")).to_have_text(texts)

    page.keyboard.press("Enter")
    expect(page.locator("[data-part=notice]")).to_contain_text("Nothing on this page has a label yet.")
    page.get_by_label("Order").select_option("alike")
    expect(page.locator(".label-grid-text")).to_have_text([texts[n] for n in (0, 2, 4, 3, 1, 5)])
    page.get_by_label("Order").select_option("guess")

    expect(page.locator(".label-grid-text")).to_have_text([texts[n] for n in (4, 2, 1, 0, 3, 5)])
    expect(page.locator(".label-grid-guess")).to_have_text(["cat 80 %", "cat 60 %", "owl 90 %"])
    page.locator(".label-grid-tile").first.click()
    page.keyboard.press("Shift+Enter")
    wait_until_saved(page, 1)
    answer = Annotation.objects.get()
    assert (answer.task, answer.value) == (tasks[4], "cat")
