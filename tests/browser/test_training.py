"""An engineer trains in the browser, watches the curves, and opens the items behind a confusion-matrix cell."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lifecycle.experiments.models import Run
from lifecycle.jobs.models import Job
from tests import factories
from tests.versions import commit_rows
from tests.workers.tasks.test_train import write_reviews

pytestmark = pytest.mark.django_db(transaction=True)


def run_queued_jobs() -> None:
    from workers import runtime
    from workers.celery import app

    app.loader.import_default_modules()
    while job := Job.objects.filter(state="queued").order_by("pk").first():
        runtime.execute(job.pk, worker="test", has_heart=False)


@pytest.mark.long  # the journey in tests/journeys trains in the browser too
@pytest.mark.timeout(300)
def test_train_watch_and_open_what_was_confused(browser_page, live_url, login, tmp_path):
    project = factories.ProjectFactory(problem_type="text_classification")
    rows = write_reviews(300)
    rows = [(text, "bad" if n % 20 == 18 else label) for n, (text, label) in enumerate(rows)]
    commit_rows(project.datasets.get(), rows, tmp_path)
    login(browser_page, project.created_by)

    browser_page.goto(live_url + reverse("experiments:new", args=[project.slug]))
    browser_page.get_by_label("Epochs", exact=True).fill("4")
    browser_page.get_by_role("button", name="Start training").click()
    browser_page.get_by_text("The first points appear").wait_for()
    run_queued_jobs()
    browser_page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for(timeout=30_000)
    browser_page.get_by_role("link", name="Open the evaluation").click()
    browser_page.locator(".js-plotly-plot .heatmaplayer").first.wait_for(timeout=30_000)

    browser_page.get_by_text("As links").click()
    browser_page.get_by_role("link", name="bad taken for good").click()
    browser_page.wait_for_url("**/items?truth=bad&predicted=good")

    assert Run.objects.get(number=1).job.state == "succeeded"
    assert browser_page.get_by_text("confidence").count() > 0
