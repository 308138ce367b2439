"""A real Chromium against a live server: `browser_page`, `live_url`, `login(page, user)`, `log_in_by_form`.

Chromium is the one on PATH, or npm's @sparticuz/chromium unpacked once under the temporary folder. Tests that find
neither fail with a sentence: a browser test that is silently skipped proves nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests.browser.chromium import ARGUMENTS, NoChromium, find_chromium, open_playwright
from tests.factories import PASSWORD

# Playwright's own event loop makes Django believe that it is called from async code
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(str(item.fspath)).parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def _playwright():
    from playwright.sync_api import expect

    expect.set_options(timeout=20_000)  # both cores are busy with other tests

    with open_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium_options() -> dict:
    try:
        executable, environment = find_chromium()
    except NoChromium as missing:
        pytest.fail(str(missing))
    return {"executable_path": executable, "args": ARGUMENTS, "env": {**os.environ, **environment}}


@pytest.fixture(scope="session")
def browser(_playwright, chromium_options):
    browser = _playwright.chromium.launch(**chromium_options)
    yield browser
    browser.close()


@pytest.fixture
def live_url(live_server) -> str:
    return live_server.url


@pytest.fixture
def watch_console():
    """watch_console(page) collects what went wrong in a page: exceptions, failed scripts, refused content."""

    def watch(page) -> list[str]:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        return problems

    return watch


@pytest.fixture
def browser_context(browser, live_url):
    context = browser.new_context(
        base_url=live_url, viewport={"width": 1280, "height": 800}, locale="en-US", service_workers="block"
    )  # what a test answers in the server's place reaches the page; test_label_shell.py has the worker
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def browser_page(browser_context):
    return browser_context.new_page()


@pytest.fixture
def login(live_url):
    """login(page, user) gives the page's browser a session of that user, without the form."""

    def log_in(page, user) -> None:
        client = Client()
        client.force_login(user)
        name = django_settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_url}])

    return log_in


@pytest.fixture
def log_in_by_form(live_url):
    """log_in_by_form(page, user) types the factory password into the login page, as a person does."""

    def log_in(page, user) -> None:
        page.goto(f"{live_url}/account/login")
        page.fill("input[name=username]", user.username)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_load_state()

    return log_in
