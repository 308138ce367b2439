"""Items in the hands of a person: theirs while the page is open, somebody else's soon after it is gone."""

from __future__ import annotations

import contextlib
import time

import pytest
from playwright.sync_api import Error as PlaywrightError

from lifecycle.annotations import services
from lifecycle.annotations.models import Lease, QueueSettings, Task
from tests import factories
from tests.browser.test_labelling import make_project, open_label_page  # noqa: F401 — fixtures

pytestmark = pytest.mark.django_db(transaction=True)
LEASE_SECONDS = 6  # shorter than a project may choose, so that the test is
SLACK_SECONDS = 10


@pytest.mark.serial
def test_items_stay_while_the_page_is_open_and_come_back_when_its_tab_dies(make_project, open_label_page):  # noqa: F811
    project, annotator = make_project("text_classification", count=3)
    other = factories.UserFactory()
    factories.MembershipFactory(project=project, user=other, role="annotator")
    services.change_settings(project=project, actor=project.created_by, overlap=1)
    QueueSettings.objects.filter(project=project).update(lease_seconds=LEASE_SECONDS)
    page = open_label_page(project, annotator)
    held = set(Lease.objects.filter(user=annotator).values_list("task", flat=True))
    assert held == set(Task.objects.values_list("pk", flat=True))

    page.wait_for_timeout(1_500 * LEASE_SECONDS)  # longer than a lease: the page's heartbeat keeps them
    kept = services.lease_next(project=project, user=other, count=3)
    with page.expect_event("crash"), contextlib.suppress(PlaywrightError):
        page.goto("chrome://crash")
    died, found = time.monotonic(), set()
    while found != held and time.monotonic() - died < LEASE_SECONDS + SLACK_SECONDS:
        found |= {task.pk for task in services.lease_next(project=project, user=other, count=3)}
        time.sleep(0.2)

    assert kept == []
    assert found == held
