"""A source in a real browser: set up from its preview, its contract tightened with what was seen."""

from __future__ import annotations

import sqlite3

import pytest

from lifecycle.jobs.models import Job
from lifecycle.sources.models import Source
from tests import factories


@pytest.fixture
def shop(tmp_path, settings):
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, age INT, country TEXT, note TEXT, label TEXT)")
        rows = [(n, 20 + n % 60, ("NL", "DE", "FR")[n % 3], f"Customer number {n}", "yes" if n % 2 else "no")
                for n in range(1, 121)]  # fmt: skip
        base.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", rows)
    return path


@pytest.fixture
def work(transactional_db):
    """Run every queued job in this process, as a worker would."""
    from workers import runtime
    from workers.celery import app

    app.loader.import_default_modules()

    def run():
        for job in Job.objects.filter(state=Job.State.QUEUED).order_by("pk"):
            runtime.execute(job.pk, worker="test", has_heart=False)

    return run


def test_an_engineer_connects_a_database_and_tightens_its_contract(
    browser_page, login, watch_console, shop, work, transactional_db
):
    owner = factories.UserFactory(username="owner")
    factories.ProjectFactory(owner=owner, problem_type="tabular_classification", slug="shop")
    problems = watch_console(browser_page)
    login(browser_page, owner)
    browser_page.goto("/projects/shop/collections")
    browser_page.get_by_role("link", name="Sources").click()
    browser_page.get_by_role("link", name="Add a source").first.click()
    browser_page.get_by_role("link", name="Database").click()
    browser_page.get_by_label("Name of this source").fill("Customers")
    browser_page.get_by_label("Address of the database").fill(f"sqlite:///{shop}")
    browser_page.get_by_label("Table or view").fill("customers")
    browser_page.get_by_role("button", name="Look at it").click()
    browser_page.get_by_text("Looking at the source").wait_for()
    work()

    browser_page.get_by_label("Largest age").fill("75")
    browser_page.get_by_role("button", name="Save and read it").click()
    browser_page.get_by_text("Waiting for a worker").wait_for()
    work()
    browser_page.get_by_text("is more than 75").first.wait_for()

    browser_page.get_by_role("link", name="Edit").click()
    row = browser_page.locator("tr", has=browser_page.get_by_label("Values of country"))
    row.get_by_role("button", name="allow only this").click()
    assert browser_page.get_by_label("Values of country").input_value() == "DE\nFR\nNL"
    browser_page.get_by_label("Name of another column").fill("city")
    browser_page.get_by_role("button", name="Another column").click()
    browser_page.get_by_label("Name of another column").nth(1).fill("street")
    browser_page.get_by_role("button", name="Save the contract").click()
    browser_page.get_by_text("The contract is saved").wait_for()

    source = Source.objects.get()
    assert source.contract["columns"][2]["allowed"] == ["DE", "FR", "NL"]
    assert [rule["name"] for rule in source.contract["columns"]][5:] == ["city", "street"]
    assert problems == []
