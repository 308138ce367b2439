"""Review of HyperText and of series: drawn with their regions as the labelling page does it, only to be looked at."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import services
from tests import factories
from tests.browser.test_label_rows import SERIES, make_project  # noqa: F401  a fixture
from tests.browser.test_label_spans import EVIL, MARKED

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def open_review(browser_page, login, watch_console):
    """open_review(made, result) is the review page of this answer."""
    problems = watch_console(browser_page)

    def open_it(made, result):
        annotator, reviewer = factories.UserFactory(), factories.UserFactory()
        for user, role in ((annotator, "annotator"), (reviewer, "reviewer")):
            factories.MembershipFactory(project=made.project, user=user, role=role)
        (task,) = services.lease_next(project=made.project, user=annotator, count=1)
        services.submit(project=made.project, user=annotator, task_id=task.pk, result=result)
        login(browser_page, reviewer)
        browser_page.goto(f"/projects/{made.project.slug}/label/review")
        return browser_page

    yield open_it
    assert problems == []


def test_hypertext_is_drawn_sanitized_with_its_spans(make_project, open_review):  # noqa: F811
    made = make_project(MARKED, "span_labelling", {"text": EVIL})
    place = {"start": 2, "end": 7, "hypertextlabels": ["Name"]}  # over the edge of an element
    value = {"start": "/p[1]/text()[1]", "end": "/p[1]/b[1]/text()[1]", "startOffset": 2, "endOffset": 3}
    value |= {"globalOffsets": {"start": 2, "end": 7}, "hypertextlabels": place["hypertextlabels"], "text": "n Lee"}
    entry = {"id": "a", "from_name": "label", "to_name": "item", "type": "hypertextlabels", "value": value}

    page = open_review(made, [entry])

    marks = page.locator(".review-surfaces mark")
    expect(marks).to_have_text(["n ", "LeeName"])
    expect(page.locator(".review-surfaces b mark")).to_have_count(1)
    expect(page.locator("#review")).not_to_contain_text("<p onclick")
    assert page.evaluate("window.pwned") is None


def test_a_series_is_drawn_with_its_stretches(make_project, open_review):  # noqa: F811
    series = {"time": list(range(50)), "flow": [n % 7 for n in range(50)], "pressure": [n % 3 for n in range(50)]}
    made = make_project(SERIES, "row_labelling", {"row": {"series": series, "plant": "north"}})
    value = {"start": 10, "end": 20, "instant": False, "timeserieslabels": ["leak"]}
    entry = {"id": "a", "from_name": "label", "to_name": "item", "type": "timeserieslabels", "value": value}
    page = open_review(made, [entry])

    expect(page.locator(".review-surfaces canvas")).to_be_visible()
    expect(page.locator("#review")).not_to_contain_text('"pressure"')
    expect(page.locator("#review dl").first).to_contain_text("north")
