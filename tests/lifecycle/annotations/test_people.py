"""How a person's work changes: by hour of the day, by week, against others and against gold items."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lifecycle.annotations import people_selectors, rules
from lifecycle.annotations.models import Annotation, GoldAttempt, GoldItem
from lifecycle.annotations.services import agreement
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def monday():
    """The first day of the week before this one."""
    today = timezone.now().date()
    return today - timedelta(days=today.weekday() + 7)


@pytest.fixture
def write():
    """write(user, task, value, when, seconds) is an answer given at that moment."""

    def keep(user, task, value, when, seconds=None, **more):
        given = Annotation.objects.create(
            task=task, item=task.item, user=user, value=value, result=rules.build_result("class", value),
            lead_time_ms=None if seconds is None else round(seconds * 1000), **more,
        )  # fmt: skip
        Annotation.objects.filter(pk=given.pk).update(created_at=when)
        return given

    return keep


def at(day, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


def test_answers_are_counted_and_timed_by_hour_of_the_day(project, make_tasks, write, member, monday):
    ann, tasks = member("annotator"), make_tasks(6)
    for task, hour, minute, seconds in zip(
        tasks, (9, 9, 9, 23, 0), (0, 30, 59, 59, 0), (1, 2, 9, None, 4), strict=False
    ):
        write(ann, task, "cat", at(monday, hour, minute), seconds)
    write(factories.UserFactory(), tasks[0], "cat", at(monday, 9), 100)
    write(ann, tasks[5], "cat", at(monday, 9), 100, origin="import")
    write(ann, tasks[5], "cat", at(monday, 9), 100, kind="skip")

    hours = people_selectors.list_pace_by_hour(project, ann.pk)

    assert [pace.bucket for pace in hours] == list(range(24))
    counted = {pace.bucket: (pace.answers, pace.seconds) for pace in hours if pace.answers}
    assert counted == {9: (3, 2.0), 23: (1, None), 0: (1, 4.0)}


def test_the_hour_and_the_week_are_those_of_the_servers_clock(project, make_tasks, write, member, monday):
    ann = member("annotator")
    write(ann, make_tasks(1)[0], "cat", at(monday - timedelta(days=1), 23), 3)

    with timezone.override("Asia/Tokyo"):  # nine hours on, it is Monday morning
        hours = people_selectors.list_pace_by_hour(project, ann.pk)
        weeks = people_selectors.list_pace_by_week(project, ann.pk)

    assert [pace.bucket for pace in hours if pace.answers] == [8]
    assert [(pace.bucket, pace.answers) for pace in weeks] == [(monday, 1)]


def test_weeks_begin_on_monday_and_old_ones_are_left_out(project, make_tasks, write, member, monday):
    ann, tasks = member("annotator"), make_tasks(6)
    before, long_ago = monday - timedelta(weeks=1), monday - timedelta(weeks=people_selectors.WEEKS + 1)
    days = [long_ago, before, before + timedelta(days=6), monday, monday, monday + timedelta(days=6)]
    for task, day, seconds in zip(tasks, days, (50, 10, 20, 1, 3, 8), strict=True):
        write(ann, task, "cat", at(day, 23, 59), seconds)

    weeks = people_selectors.list_pace_by_week(project, ann.pk)

    assert [(pace.bucket, pace.answers, pace.seconds) for pace in weeks] == [(before, 2, 15.0), (monday, 3, 3.0)]


@pytest.fixture
def drifting(project, owner, make_tasks, write, member, monday):
    """Ann says what two others say in one week, and in the next one only of every fourth item."""
    ann = member("annotator")
    others = [factories.UserFactory(), factories.UserFactory()]
    for number, task in enumerate(make_tasks(8)):
        is_early = number < 4
        when = at(monday - timedelta(weeks=1) if is_early else monday, 12)
        write(ann, task, "cat" if is_early or number == 4 else "dog", when)
        for other in others:
            write(other, task, "cat", when)
    job = factories.JobFactory(kind="agreement", project=project, created_by=owner)
    agreement.record(project=project, job=job, result=agreement.compare_answers(project))
    return ann


def test_who_drifts_away_from_the_others_is_seen_week_by_week(project, drifting, monday):
    person = people_selectors.get_person(project, drifting.pk)

    assert person.agreed_weeks == [(monday - timedelta(weeks=1), 1.0, 8), (monday, 0.25, 8)]
    assert (person.agreed, person.compared_items) == (10 / 16, 8)
    assert person.alpha_without is None  # the others say one and the same throughout
    assert people_selectors.count_disagreements(project, drifting.pk) == [("dog", "cat", 6)]


@pytest.fixture
def scored(project, owner, make_tasks, write, drifting, monday):
    """Ann met five gold items: two in the first week, both right, and three in the next one, one right; another person
    met one of them."""
    given = [(-1, True), (-1, True), (0, True), (0, False), (0, False)]
    for week, is_right in given:
        task = make_tasks(1)[0]
        gold = GoldItem.objects.create(
            task=task, annotation=write(owner, task, "cat", at(monday, 0)), value="cat", created_by=owner
        )
        _score(write, gold, drifting, is_right, at(monday + timedelta(weeks=week, days=6), 23, 59))
    _score(write, gold, factories.UserFactory(), True, at(monday, 1))
    return drifting


def _score(write, gold, user, is_right, when):
    answer = write(user, gold.task, "cat" if is_right else "dog", when, kind="gold")
    attempt = GoldAttempt.objects.create(
        gold=gold, user=user, annotation=answer, is_right=is_right, score=float(is_right)
    )
    GoldAttempt.objects.filter(pk=attempt.pk).update(created_at=when)


def test_gold_items_are_counted_by_week(project, scored, monday):
    weeks = people_selectors.list_gold_by_week(project, scored.pk)

    assert weeks == [(monday - timedelta(weeks=1), 2, 2), (monday, 1, 3)]
    person = people_selectors.get_person(project, scored.pk)
    assert (person.gold_right, person.gold_total, person.gold_accuracy) == (3, 5, 0.6)
    assert people_selectors.list_gold_by_week(factories.ProjectFactory(), scored.pk) == []


def test_the_persons_page_draws_agreement_and_gold_over_the_same_weeks(project, owner, scored, monday):
    client = Client()
    client.force_login(owner)

    context = client.get(reverse("annotations:person", args=[project.slug, scored.pk])).context

    mondays = [(monday - timedelta(weeks=1)).isoformat(), monday.isoformat()]
    agreed, gold = context["drift_figure"]["data"]
    assert agreed["x"] == gold["x"] == mondays
    assert agreed["y"] == [1.0, 0.25] and gold["y"] == [1.0, pytest.approx(1 / 3)]


def test_a_person_is_told_week_by_week_and_beside_each_other_one(client, project, owner, scored, monday):
    client.force_login(owner)

    found = client.get(reverse("api-annotations:person", args=[project.slug, scored.pk])).json()

    before = (monday - timedelta(weeks=1)).isoformat()
    assert found["weeks"] == [
        {"monday": before, "agreed": 1.0, "pairs": 8, "gold_right": 2, "gold_total": 2},
        {"monday": monday.isoformat(), "agreed": 0.25, "pairs": 8, "gold_right": 1, "gold_total": 3},
    ]
    assert [(one["items"], one["agreed"], one["kappa"]) for one in found["partners"]] == [(8, 10 / 16, 0.0)] * 2
    assert found["mixed_up"] == [{"said": "dog", "others": "cat", "count": 6}]
    assert found["reviews"] == {"accepted": 0, "fixed": 0, "rejected": 0}
    assert sum(hour["answers"] for hour in found["hours"]) == sum(week["answers"] for week in found["paces"]) == 8


def test_the_page_leads_to_where_two_people_differ_and_to_wrong_gold_items(client, project, owner, scored):
    client.force_login(owner)
    partner = people_selectors.list_partners(project, scored.pk)[0]

    page = client.get(reverse("annotations:person", args=[project.slug, scored.pk])).content.decode()
    items = reverse("annotations:quality-items", args=[project.slug])
    differing = client.get(items, {"a": scored.pk, "b": partner.user_id}).context["page"].object_list

    assert f"{items}?a={scored.pk}&amp;b={partner.user_id}" in page
    assert page.count("instead of") == 2
    assert len(differing) == 3 and {(one.user_id, one.value) for one in differing} == {(scored.pk, "dog")}


def test_somebody_elses_weeks_are_for_reviewers(client, project, scored):
    client.force_login(scored)
    other = Annotation.objects.exclude(user=scored).first().user_id

    mine = client.get(reverse("api-annotations:person", args=[project.slug, scored.pk]))
    theirs = client.get(reverse("api-annotations:person", args=[project.slug, other]))

    assert (mine.status_code, theirs.status_code) == (200, 404)
    assert mine.json()["partners"] == mine.json()["mixed_up"] == []
