"""The frame of every page in a real browser: menus, themes, questions, failing requests."""

import pytest
from django.core.cache import cache

from lifecycle.datasets.models import Dataset
from tests import factories
from tests.versions import commit_rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(browser_page, login, live_url):
    owner = factories.UserFactory(username="owner", first_name="Ada", last_name="Byron")
    factories.ProjectFactory(owner=owner, slug="digits", name="Digits")
    login(browser_page, owner)
    browser_page.goto("/projects/digits/members")
    return browser_page


def test_a_theme_is_kept_with_the_person(page):
    page.click("summary.topbar-user")
    with page.expect_response("**/account/theme") as answer:
        page.click("button[value=dark]")

    assert answer.value.ok
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_a_menu_closes_on_escape_and_on_a_click_elsewhere(page):
    summary = page.locator("summary.topbar-project")
    menu = page.locator("details.menu", has=summary)
    summary.click()
    assert menu.get_attribute("open") is not None

    page.keyboard.press("Escape")
    assert menu.get_attribute("open") is None

    summary.click()
    page.mouse.click(900, 600)
    assert menu.get_attribute("open") is None


def test_the_dots_of_the_menu_follow_what_happened_since(page):
    page.locator(".side [data-stage=version].is-empty").wait_for()
    factories.ItemFactory(dataset=Dataset.objects.get())
    cache.clear()  # half a minute later

    page.reload()

    page.locator(".side [data-stage=version].is-ready").wait_for()


def test_the_tab_of_the_page_is_in_sight_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 740})
    for address, words in (("people", "People"), ("gold", "Gold items")):
        page.goto(f"/projects/digits/label/{address}")
        page.wait_for_function(
            """(words) => {
              const active = [...document.querySelectorAll('.nav-link.active')];
              const tab = active.find((one) => one.innerText.trim() === words);
              return tab && tab.getBoundingClientRect().right <= innerWidth;
            }""",
            arg=words,
        )


def test_the_menu_of_a_phone_opens_and_closes(page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.click(".bottom-bar >> text=Menu")
    page.locator(".side").get_by_text("Settings").wait_for(state="visible")

    page.mouse.click(350, 300)

    page.locator(".side").wait_for(state="hidden")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_menu_opens_within_the_window_of_a_phone(page, tmp_path):
    page.set_viewport_size({"width": 390, "height": 740})
    version = commit_rows(Dataset.objects.get(), [(f"sentence {number}", "fresh") for number in range(20)], tmp_path)
    page.goto(f"/projects/digits/versions/{version.number}")

    page.get_by_label("More to do with this version").click()

    page.get_by_text("Go back to this version").wait_for()
    page.wait_for_function(
        """() => {
          const { left, right } = document.querySelector("main .menu[open] .menu-panel").getBoundingClientRect();
          return left >= 0 && right <= innerWidth;
        }"""
    )


def test_a_question_is_asked_before_the_form_is_sent(page):
    page.evaluate(
        """() => {
          const form = document.createElement("form");
          Object.assign(form, {method: "get", action: "/help/", id: "risky"});
          form.dataset.module = "confirm";
          form.dataset.question = "Really?";
          form.innerHTML = "<button>Remove it</button>";
          document.querySelector("main").append(form);
        }"""
    )
    page.wait_for_timeout(300)
    page.click("#risky button")
    page.click("#ask >> text=Cancel")
    assert page.url.endswith("/members")

    page.click("#risky button")
    with page.expect_navigation(url="**/help/**"):
        page.click("#ask-yes >> text=Remove it")


def test_an_ended_session_leads_to_the_login_page_and_back(page):
    page.goto("/projects/digits/jobs")
    page.context.clear_cookies()

    with page.expect_navigation(url="**/login?next=**"):
        page.evaluate("htmx.ajax('GET', '/projects/digits/jobs', {target: '#job-list'})")

    assert "next=%2Fprojects%2Fdigits%2Fjobs" in page.url


def test_a_failing_request_says_so_and_changes_nothing(page):
    page.goto("/projects/digits/jobs")
    before = page.inner_html("main")

    page.evaluate("htmx.ajax('GET', '/projects/digits/nowhere', {target: '#job-list'})")

    page.locator(".toast-note", has_text="not there any more").wait_for()
    assert page.inner_html("main") == before
