"""Work that was done offline: sent from any page of the product, once, and said."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations.models import Annotation
from tests.browser.test_labelling import kill_tab, make_project, open_label_page, wait_until  # noqa: F401 — fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_labeled_offline_is_sent_once_from_any_other_page_and_said(
    make_project,  # noqa: F811
    open_label_page,  # noqa: F811
    browser_context,
    watch_console,
):
    project, annotator = make_project("text_classification", count=6)
    page = open_label_page(project, annotator)
    browser_context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("s")
    expect(page.locator("[data-part=save]")).to_contain_text("2 kept here")
    kill_tab(page)
    page.close()
    browser_context.set_offline(False)
    assert not Annotation.objects.exists()

    page = browser_context.new_page()
    problems = watch_console(page)
    browser_context.route("**/annotations/batch/", lambda route: route.fulfill(status=503, json={}))
    page.goto("/projects/")
    waiting = page.locator(".topbar-waiting")
    expect(waiting).to_have_text("2 answers waiting")
    expect(waiting).to_have_attribute("href", f"/projects/{project.slug}/label")
    browser_context.unroute("**/annotations/batch/")
    second = browser_context.new_page()
    second.goto(f"/projects/{project.slug}/")
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(waiting).to_be_hidden()
    expect(second.locator(".topbar-waiting")).to_be_hidden()
    wait_until(lambda: Annotation.objects.count() == 2)
    words = [text for one in (page, second) for text in one.locator(".toast-note").all_inner_texts()]
    assert [text.strip() for text in words] == [f"Sent: 2 answers on “{project.name}”, kept in this browser until now."]
    assert sorted(Annotation.objects.values_list("kind", flat=True)) == ["answer", "skip"]
    assert [line for line in problems if "503" not in line] == []
