"""Who labeled how much and how fast, as the overview and the review list say it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lifecycle.annotations import selectors, services
from lifecycle.annotations.models import Annotation
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def label(project, make_tasks):
    """label(leads) is somebody who labels one item for each of these times, in milliseconds."""

    def label_some(leads):
        person = factories.UserFactory()
        factories.MembershipFactory(project=project, user=person, role="annotator")
        make_tasks(len(leads))
        for lead in leads:
            [task] = services.lease_next(project=project, user=person)
            result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["cat"]}}]
            services.submit(project=project, user=person, task_id=task.pk, result=result, lead_time_ms=lead)
        return person

    return label_some


def test_people_come_busiest_first_with_the_median_of_their_times(project, label):
    slow, quick, unknown = label([9_000, 3_000, 4_000]), label([1_000, 2_000]), label([None])

    told = [(one.user_id, one.answers, one.skips, one.seconds_per_label) for one in selectors.list_people(project)]

    assert told == [(slow.pk, 3, 0, 4.0), (quick.pk, 2, 0, 1.5), (unknown.pk, 1, 0, None)]
    assert selectors.measure_seconds_per_label(project, quick) == 1.5


def test_only_the_newest_times_count(project, label):
    person = label([60_000] + [1_000] * selectors.RECENT_LEADS + [2_000])
    newest = Annotation.objects.filter(user=person).order_by("-pk")[: selectors.RECENT_LEADS]

    assert selectors.measure_seconds_per_label(project, person) == 1.0
    assert max(one.lead_time_ms for one in newest) == 2_000


def test_what_was_imported_without_a_name_is_nobodys_work(project, owner, label):
    label([1_000])
    Annotation.objects.update(origin=Annotation.Origin.IMPORT)

    assert selectors.list_people(project) == []


def test_many_people_cost_as_many_statements_as_one(project, label):
    label([1_000])

    def count():
        with CaptureQueriesContext(connection) as asked:
            selectors.list_people(project)
        return len(asked)

    alone = count()
    for _ in range(4):
        label([1_000, 2_000])
    assert count() == alone
