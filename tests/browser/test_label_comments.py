"""Comments where one labels: kept offline and sent once, counted on the button, closed, reopened, names offered."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations.models import Notice, Task, TaskComment
from lifecycle.annotations.services import comments
from tests import factories
from tests.browser.test_labelling import kill_tab, make_project, open_label_page  # noqa: F401 — fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_comment_written_offline_waits_outlives_the_tab_and_is_sent_once(
    make_project,  # noqa: F811
    open_label_page,  # noqa: F811
    browser_context,
):
    project, annotator = make_project("text_classification", count=3)
    page = open_label_page(project, annotator)
    page.keyboard.press("c")
    expect(page.locator("[data-part=commentSaid]")).to_contain_text("Nobody said anything")
    browser_context.set_offline(True)

    page.keyboard.type("is this one cat or two?")
    page.keyboard.press("Control+Enter")
    thread = page.locator(".annotator-comment")
    expect(thread).to_contain_text("waiting to be sent")
    expect(page.locator("[data-part=save]")).to_contain_text("1 kept here")
    assert page.locator("[data-part=commentForm] textarea").input_value() == ""
    kill_tab(page)
    page.close()
    browser_context.set_offline(False)
    assert not TaskComment.objects.exists()

    page = open_label_page(project, annotator, browser_context.new_page())
    expect(page.locator("[data-part=commentCount]")).to_have_text("1")
    page.keyboard.press("c")

    expect(page.locator(".annotator-comment p")).to_have_text("is this one cat or two?")
    expect(page.locator(".annotator-comment.is-waiting")).to_have_count(0)
    assert TaskComment.objects.count() == 1


def test_the_guide_takes_the_place_of_the_comments(make_project, open_label_page):  # noqa: F811
    project, annotator = make_project("text_classification", count=1)
    page = open_label_page(project, annotator)
    guide, thread = page.locator("#annotator-guide"), page.locator("[data-part=comments]")

    page.keyboard.press("c")
    expect(thread).to_be_visible()
    expect(guide).to_be_hidden()
    page.get_by_role("button", name="Guide").first.click()

    expect(guide).to_be_visible()
    expect(thread).to_be_hidden()


def test_a_comment_is_counted_closed_and_opened_again_and_names_are_offered(
    make_project,  # noqa: F811
    open_label_page,  # noqa: F811
    browser_page,
    watch_console,
):
    problems = watch_console(browser_page)
    project, annotator = make_project("text_classification", count=3)
    anna, hanna = (factories.UserFactory(username=name) for name in ("anna", "hanna"))
    for user in (anna, hanna):
        factories.MembershipFactory(project=project, user=user, role="reviewer")
    task = Task.objects.order_by("pk").first()
    comments.add_comment(project=project, user=anna, task=task, body="Mind the ears.")
    comments.add_comment(project=project, user=anna, task=task, body="And the tail.")
    Notice.objects.bulk_create(
        Notice(user=annotator, comment=one, kind=Notice.Kind.MENTION) for one in TaskComment.objects.all()
    )
    page = open_label_page(project, annotator)
    badge, said = page.locator("[data-part=commentCount]"), page.locator(".annotator-comment")

    expect(badge).to_have_text("2")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert badge.bounding_box()["width"] > 10  # also where buttons show their icons only
    page.keyboard.press("c")
    said.first.get_by_role("button", name="Resolve").click()
    expect(said.first).to_contain_text("closed")
    expect(badge).to_have_text("1")
    said.first.get_by_role("button", name="Open again").click()
    expect(badge).to_have_text("2")

    text = page.locator("[data-part=commentForm] textarea")
    text.focus()
    page.keyboard.type("see @an")
    offered = page.get_by_role("listbox", name="People").get_by_role("option")
    expect(offered).to_have_text(["anna", "hanna"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("and @ANN")
    expect(offered.first).to_be_visible()
    page.keyboard.press("Escape")  # closes the list, and leaves the text
    expect(offered.first).to_be_hidden()
    expect(text).to_be_focused()
    page.keyboard.press("Backspace")
    page.keyboard.press("Tab")
    assert text.input_value() == "see @hanna and @anna "
    page.keyboard.press("Control+Enter")

    expect(said).to_have_count(3)
    expect(badge).to_have_text("3")
    expect(page.locator("[data-part=save]")).to_have_text("Saved")
    assert set(Notice.objects.filter(comment=TaskComment.objects.last()).values_list("user", flat=True)) == {
        anna.pk,
        hanna.pk,
    }
    assert problems == []


def test_a_comment_that_is_refused_comes_back_to_be_mended(make_project, open_label_page):  # noqa: F811
    project, annotator = make_project("text_classification", count=3)
    other = factories.UserFactory(username="other")
    factories.MembershipFactory(project=project, user=other, role="annotator")
    page = open_label_page(project, annotator)
    page.keyboard.press("c")

    page.keyboard.type("look, @other")
    page.keyboard.press("Control+Enter")

    expect(page.locator("[data-part=commentSaid]")).to_contain_text("@other cannot see this item")
    expect(page.locator("[data-part=commentForm] textarea")).to_have_value("look, @other")
    expect(page.locator(".annotator-comment")).to_have_count(0)
    assert not TaskComment.objects.exists()
