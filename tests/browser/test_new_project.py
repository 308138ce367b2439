"""The page of a new project in a real browser: every kind of problem can be chosen and made."""

import pytest

from lifecycle.contracts.problems import list_problem_types
from lifecycle.projects.models import Charter
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_project_of_every_kind_is_made_with_a_measure_that_fits(browser_page, login):
    login(browser_page, factories.UserFactory())
    for problem in list_problem_types():
        browser_page.goto("/projects/new")
        browser_page.fill("[name=name]", problem.title)
        browser_page.fill("[name=problem_statement]", "Say what it is.")
        browser_page.locator(".tile", has=browser_page.locator(f"[value={problem.key}]")).click()
        offered = browser_page.locator("[name=target_metric] option:not([hidden])")
        shown = [option.get_attribute("value") for option in offered.all()]
        browser_page.click("button.btn-primary:has-text('Create')")
        browser_page.wait_for_url(lambda address: not address.endswith("/projects/new"), timeout=5_000)

        assert shown == [metric.key for metric in problem.metrics], problem.key
        charter = Charter.objects.get(project__name=problem.title)
        assert charter.target_metric == problem.metrics[0].key
