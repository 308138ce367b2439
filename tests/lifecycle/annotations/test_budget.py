"""The budget: estimates with intervals, from plain numbers and from what people did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.annotations import budget_rules as rules
from lifecycle.annotations import budget_selectors, services


def test_the_mean_has_students_interval():
    found = rules.estimate_mean([1, 2, 3, 4, 5])

    assert found.value == 3
    assert found.low == pytest.approx(3 - 2.776 * 1.5811388 / 5**0.5, abs=1e-4)
    assert rules.estimate_mean([4]).high is None


def test_a_label_left_lying_counts_a_quarter_of_an_hour():
    found = rules.estimate_seconds([2_000, 4_000, 86_400_000])

    assert (found.median, found.mean.value) == (4, pytest.approx((2 + 4 + 900) / 3))
    assert rules.estimate_seconds([]) is None


def test_the_end_has_an_interval_and_none_where_the_pace_may_be_nothing():
    now = timezone.now()
    steady = rules.estimate_end(1_000, rules.estimate_pace([100] * 14), now)
    shaky = rules.estimate_end(1_000, rules.estimate_pace([3, 0]), now)

    assert steady.at == now + timedelta(days=10)
    assert steady.earliest < steady.at < steady.latest
    assert shaky.latest is None
    assert rules.estimate_pace([0, 0]) is None
    assert rules.estimate_end(0, rules.estimate_pace([1]), now) is None


def test_the_hourly_cost_is_shared_out_as_the_work_is():
    assert rules.blend_rate({1: 30, 2: 10}, {1: 20.0, 2: 40.0}, None) == 25
    assert rules.blend_rate({1: 30, 2: 10}, {2: 40.0}, 20) == 25
    assert rules.blend_rate({1: 30}, {}, None) is None


@pytest.mark.django_db
def test_a_project_knows_what_is_left_and_what_it_costs(project, owner, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2, hourly_rate="36", currency="EUR")
    tasks = make_tasks(4)
    services.lease_next(project=project, user=owner, count=4)
    for task in tasks[:2]:
        answer(owner, task, lead_time_ms=10_000)

    found = budget_selectors.measure_budget(project, now=timezone.now())

    assert (found.given, found.left) == (2, 6)
    assert found.seconds.median == 10
    assert found.cost_left.value == pytest.approx(0.6)
    assert found.cost_so_far.value == pytest.approx(0.2)
    assert found.pace.value == 2
    assert [(person.username, person.labels) for person in found.people] == [(owner.username, 2)]
