"""Suggestions as an annotator meets them: taken and rejected by one key, kept back on the hidden share, and counted."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import assistance_rules as arms
from lifecycle.annotations import rules
from lifecycle.annotations.models import SuggestionOutcome, Task
from lifecycle.annotations.services import suggestions
from tests.browser.test_labelling import make_project, open_label_page  # noqa: F401 — fixtures

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 16


def test_suggestions_are_taken_corrected_rejected_and_kept_back(request, watch_console, browser_page, login):
    project, annotator = request.getfixturevalue("make_project")("text_classification", count=COUNT)
    problems = watch_console(browser_page)
    browser_page.context.set_default_timeout(60_000)
    owner = project.created_by
    source = suggestions.create_source(project=project, actor=owner, kind="file", title="by hand", version="model 7")
    suggestions.change_assistance(project=project, actor=owner, hidden_share=0.4)
    tasks = list(Task.objects.filter(dataset__project=project).order_by("pk"))
    drafts = [suggestions.Draft(task.pk, rules.build_result("class", "dog"), "dog", 0.91) for task in tasks]
    suggestions.write(source=source, rows=drafts)
    hidden = {task.pk for task in tasks if arms.is_hidden(project.pk, task.pk, 0.4)}

    page = request.getfixturevalue("open_label_page")(project, annotator)
    bar, taken, keys = page.get_by_text("suggests"), 0, []
    for done, task in enumerate(tasks):
        expect(page.locator("[data-part=stage]")).to_contain_text(task.item.text)
        if task.pk in hidden:
            expect(bar).to_be_hidden()
            keys.append("hidden")
            page.keyboard.press("3")
        else:
            expect(bar).to_be_visible()
            keys.append(("accept", "correct", "reject")[taken % 3])
            taken += 1
            if keys[-1] == "reject":
                page.keyboard.press("x")
                expect(bar).to_be_hidden()
            page.keyboard.press("a" if keys[-1] == "accept" else "1")
        if done + 1 < len(tasks):
            expect(page.locator("[data-part=stage]")).not_to_contain_text(task.item.text)
    expect(page.locator("[data-part=save]")).to_have_text("Saved")

    verdicts = {"accept": "accepted", "correct": "corrected", "reject": "rejected", "hidden": "unseen"}
    found = dict(SuggestionOutcome.objects.values_list("task", "verdict"))
    assert [found[task.pk] for task in tasks] == [verdicts[key] for key in keys]
    assert 0 < len(hidden) < COUNT and not problems

    login(page, owner)
    page.goto(f"/projects/{project.slug}/suggestions/report")
    expect(page.get_by_role("heading", name="By annotator")).to_be_visible()
    for width in (1440, 820, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for place in ("suggestions", "suggestions/report", "active-learning"):
            page.goto(f"/projects/{project.slug}/{place}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (place, width)
    assert not problems
