"""The budget: estimates with intervals, from plain numbers and from what people did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.annotations import budget_rules as rules
from lifecycle.annotations import budget_selectors, services
from lifecycle.annotations.models import Annotation
from tests import factories


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
def test_a_project_knows_what_is_left_and_what_it_costs(project, owner, member, make_tasks, answer):
    member("annotator")  # has not labeled, so is not among those who did
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


@pytest.mark.django_db
def test_skipped_items_are_said_and_every_figure_is_as_computed_by_hand(project, owner, make_tasks, answer):
    """10 items, 2 answers each. Day 1: Anna 4 labels of 10 s, Bert 2 of 20 s; day 2: none; today: Anna 5 of 10 s."""
    anna, bert = factories.UserFactory(username="anna"), factories.UserFactory(username="bert")
    for person in (anna, bert):
        factories.MembershipFactory(project=project, user=person, role="annotator")
    rates = {anna.pk: "18", bert.pk: "36"}
    services.change_settings(project=project, actor=owner, overlap=2, hourly_rate="30", rates=rates)
    tasks, now = make_tasks(10), timezone.now()
    services.lease_next(project=project, user=anna, count=10)
    services.lease_next(project=project, user=bert, count=10)
    for task in tasks[:4]:
        answer(anna, task, lead_time_ms=10_000)
    for task in tasks[:2]:
        answer(bert, task, lead_time_ms=20_000)
    Annotation.objects.update(created_at=now - timedelta(days=2))
    for task in tasks[4:9]:
        answer(anna, task, lead_time_ms=10_000)
    services.skip(project=project, user=bert, task_id=tasks[9].pk, reason="broken or empty")
    services.skip(project=project, user=bert, task_id=tasks[8].pk, reason="cannot tell")

    found = budget_selectors.measure_budget(project, now=now)

    # wanted: 2 items are done, 7 with one answer, 1 out of the queue: 7 answers are left
    assert (found.given, found.left) == (11, 7)
    assert (found.skipped, found.skipped_count, found.passed_on) == ([("broken or empty", 1)], 1, 1)
    # 9 labels of 10 s and 2 of 20 s
    assert (found.seconds.median, found.seconds.mean.value) == (10, pytest.approx(130 / 11))
    # 11 labels in 3 days, one of them idle
    assert found.pace.value == pytest.approx(11 / 3)
    assert found.end.at == now + timedelta(days=7 / (11 / 3))
    # an hour costs what the two cost, by what they did: 9 labels at 18, 2 at 36
    assert found.hourly == pytest.approx((9 * 18 + 2 * 36) / 11)
    assert found.cost_left.value == pytest.approx(7 * (130 / 11) * found.hourly / 3_600)
    assert found.cost_so_far.value == pytest.approx(11 * (130 / 11) * found.hourly / 3_600)
    seconds = {person.username: person.seconds and person.seconds.mean.value for person in found.people}
    assert (seconds["anna"], seconds["bert"]) == (10, 20)
