"""The keys of the labelling page: what a button shows is what the key does, also with many classes and changed keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import rules
from lifecycle.annotations.models import Annotation, AssistanceSettings, Task
from lifecycle.annotations.services import suggestions
from tests.browser.test_labelling import make_project, open_label_page, wait_until_saved  # noqa: F401 — fixtures

pytestmark = pytest.mark.django_db(transaction=True)

CLASSES = [f"class {number}" for number in range(1, 36)]  # two more than there are keys


def suggest(project, value: str) -> None:
    """A suggestion on every task, shown to everybody."""
    owner = project.created_by
    source = suggestions.create_source(project=project, actor=owner, kind="file", title="by hand", version="model 7")
    suggestions.change_assistance(project=project, actor=owner, hidden_share=0.1)
    AssistanceSettings.objects.filter(project=project).update(hidden_share=0)  # less than people may choose
    tasks = Task.objects.filter(dataset__project=project)
    drafts = [suggestions.Draft(task.pk, rules.build_result("class", value), value, 0.9) for task in tasks]
    suggestions.write(source=source, rows=drafts)


def test_keys_are_shown_as_they_are_and_changed_in_the_list(request, watch_console, browser_page):
    project, annotator = request.getfixturevalue("make_project")("image_classification", count=4, classes=CLASSES)
    suggest(project, "class 3")
    problems = watch_console(browser_page)
    page = request.getfixturevalue("open_label_page")(project, annotator)
    accept, reject = page.get_by_role("button", name="Accept"), page.get_by_role("button", name="Reject")
    twentieth, last = page.locator("[data-class='class 20']"), page.locator("[data-class='class 35']")

    expect(twentieth.locator("kbd")).to_have_text("A")  # the class took the key that "Accept" had
    expect(accept.locator("kbd")).to_have_text("Shift+Y")
    expect(last.locator("kbd")).to_be_hidden()
    expect(page.get_by_role("button", name="Comments").locator("kbd")).to_have_text("Shift+C")
    page.keyboard.press("a")
    page.keyboard.press("Shift+y")
    wait_until_saved(page, 2, annotator)

    page.keyboard.press("?")
    row = page.locator("tr[data-verb='answer:class 35']")
    expect(row).to_contain_text("no key")
    row.get_by_role("button", name="Change").click()
    page.keyboard.press("a")
    expect(page.locator("[data-part=keyWords]")).to_contain_text("This key is taken: class 20")
    page.keyboard.press(";")
    expect(row.locator("kbd")).to_have_text(";")
    page.locator("tr[data-verb='suggestion:accept']").get_by_role("button", name="Change").click()
    page.keyboard.press("'")
    page.get_by_role("button", name="Close").click()

    expect(last.locator("kbd")).to_have_text(";")
    expect(accept.locator("kbd")).to_have_text("'")
    expect(reject.locator("kbd")).to_have_text("Shift+X")
    page.keyboard.press("'")
    page.keyboard.press(";")
    wait_until_saved(page, 4, annotator)
    values = Annotation.objects.filter(is_current=True).order_by("task").values_list("value", flat=True)
    assert list(values) == ["class 20", "class 3", "class 3", "class 35"]
    assert problems == []
