"""The queue: who gets which task, and when it comes back."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lifecycle.annotations import selectors, services
from lifecycle.annotations.models import Lease, Task
from lifecycle.annotations.services import assignment, queue
from lifecycle.common.errors import DomainError
from tests.factories import ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_two_people_get_different_tasks(project, owner, member, make_tasks):
    tasks = make_tasks(4)

    first = services.lease_next(project=project, user=owner, count=2)
    second = services.lease_next(project=project, user=member("annotator"), count=10)

    assert [*first, *second] == tasks


def test_a_task_of_overlap_two_is_lent_to_exactly_two(project, owner, make_tasks):
    services.change_settings(project=project, actor=owner, overlap=2, lease_seconds=60)
    [task] = make_tasks(1)

    lent = [services.lease_next(project=project, user=UserFactory()) for _ in range(3)]

    assert lent == [[task], [task], []]


def test_what_was_begun_is_finished_before_other_items_are_begun(project, owner, member, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2)
    tasks = make_tasks(10)
    second, third = member("annotator"), UserFactory()
    for task in services.lease_next(project=project, user=owner, count=3):
        answer(owner, task)

    lent = services.lease_next(project=project, user=second, count=4)

    assert lent == tasks[:4]
    assert services.lease_next(project=project, user=owner, count=2) == tasks[3:5]  # not what one has answered oneself
    assert services.lease_next(project=project, user=third, count=2) == tasks[4:6]
    answer(second, tasks[0])
    assert Task.objects.get(pk=tasks[0].pk).state == "done"


def test_who_is_alone_is_not_led_past_all_that_they_answered(project, owner, member, make_tasks, answer, monkeypatch):
    monkeypatch.setattr(queue, "_BEGUN", queue._BEGUN.replace(f"LIMIT {queue._BEGUN_LOOKED_AT}", "LIMIT 3"))
    services.change_settings(project=project, actor=owner, overlap=2)
    tasks = make_tasks(8)
    for task in services.lease_next(project=project, user=owner, count=5):
        answer(owner, task)

    assert services.lease_next(project=project, user=owner, count=2) == tasks[5:7]
    assert services.lease_next(project=project, user=member("annotator"), count=4) == [*tasks[:3], tasks[5]]


def test_an_expired_lease_comes_back_to_the_queue(project, owner, member, make_tasks, expire):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    other = member("annotator")
    assert services.lease_next(project=project, user=other) == []

    expire(task)

    assert services.lease_next(project=project, user=other) == [task]


def test_a_released_task_goes_to_the_next_one_at_once(project, owner, member, make_tasks):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)

    assert services.release(project=project, user=owner, task_ids=[task.pk]) == 1

    assert services.lease_next(project=project, user=member("annotator")) == [task]


def test_a_reloaded_page_gets_back_what_it_held(project, owner, make_tasks):
    tasks = make_tasks(5)
    services.lease_next(project=project, user=owner, count=2)

    again = services.lease_next(project=project, user=owner, count=4, resume=True)

    assert again == tasks[:4]


def test_a_reloaded_page_gets_back_all_that_it_held_also_more_than_it_asks_for(project, owner, make_tasks):
    tasks = make_tasks(9)
    services.lease_next(project=project, user=owner, count=7)

    assert services.lease_next(project=project, user=owner, count=2, resume=True) == tasks[:7]
    assert services.lease_next(project=project, user=owner, count=2) == tasks[7:]


def test_renewing_moves_the_end_of_a_lease(project, owner, make_tasks):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    before = Lease.objects.get().expires_at

    assert services.renew(project=project, user=owner, task_ids=[task.pk]) == [task.pk]

    assert Lease.objects.get().expires_at > before


def test_nobody_renews_a_lease_they_never_had(project, owner, member, make_tasks):
    [task] = make_tasks(1)

    assert services.renew(project=project, user=member("annotator"), task_ids=[task.pk]) == []


def test_a_lease_of_another_project_is_out_of_reach(project, owner, make_tasks):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    other = ProjectFactory(owner=owner)

    assert services.renew(project=other, user=owner, task_ids=[task.pk]) == []
    assert services.release(project=other, user=owner, task_ids=[task.pk]) == 0


def test_tasks_with_answers_come_first_and_then_the_higher_priority(project, owner, member, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2, lease_seconds=60)
    one, two, three = make_tasks(3)
    Task.objects.filter(pk=two.pk).update(priority=0.9)
    services.lease_next(project=project, user=owner, count=3)
    answer(owner, three)

    lent = services.lease_next(project=project, user=member("annotator"), count=3)

    assert lent == [three, two, one]


def test_excluded_items_are_not_lent(project, owner, make_tasks):
    one, two = make_tasks(2)
    type(one.item).objects.filter(pk=one.item_id).update(excluded_at=timezone.now())

    assert services.lease_next(project=project, user=owner, count=2) == [two]


def test_a_lower_overlap_finishes_tasks_that_have_enough(project, owner, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2, lease_seconds=60)
    one, two = make_tasks(2)
    services.lease_next(project=project, user=owner, count=2)
    answer(owner, one, "owl")

    services.change_settings(project=project, actor=owner, overlap=1, lease_seconds=60)

    one.refresh_from_db()
    assert (one.state, one.item.label) == (Task.State.DONE, "owl")
    assert Task.objects.get(pk=two.pk).overlap == 1


@pytest.mark.parametrize("overlap, seconds", [(0, 60), (21, 60), (1, 5), (1, 100_000)])
def test_settings_that_make_no_sense_are_refused(project, owner, overlap, seconds):
    with pytest.raises(DomainError):
        services.change_settings(project=project, actor=owner, overlap=overlap, lease_seconds=seconds)


def test_taking_ten_tasks_costs_as_many_queries_as_taking_one(project, owner, make_tasks):
    make_tasks(12)

    def count(wanted):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            services.lease_next(project=project, user=UserFactory.create(), count=wanted)
        return len(captured)

    assert count(1) == count(10)


def test_an_empty_queue_counts_what_others_have_in_hand(project, owner, member, make_tasks, answer):
    make_tasks(3)
    first, second = services.lease_next(project=project, user=owner, count=2)
    other = member("annotator")
    [third] = services.lease_next(project=project, user=other, count=3)

    assert selectors.count_elsewhere(project, other) == 2
    assert selectors.count_elsewhere(project, owner) == 1

    answer(owner, first)
    services.release(project=project, user=owner, task_ids=[second.pk])

    assert selectors.count_elsewhere(project, other) == 0


def test_a_lease_does_not_wait_for_the_disk_and_an_answer_does(project, owner, make_tasks, answer):
    make_tasks(1)

    def is_durable():
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return cursor.fetchone()[0] == "on"

    def insist():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")

    insist()
    [task] = services.lease_next(project=project, user=owner)
    assert not is_durable()

    insist()
    answer(owner, task)
    services.renew(project=project, user=owner, task_ids=[task.pk])
    assert is_durable()


def test_the_last_tasks_are_divided_among_those_who_label(project, owner, member, make_tasks):
    tasks = make_tasks(20)
    second, third = member("annotator"), UserFactory()

    def take(user):
        return len(services.lease_next(project=project, user=user, count=100, share=True))

    def renew(user):
        held = list(Lease.objects.filter(user=user, expires_at__gt=timezone.now()).values_list("task", flat=True))
        return services.renew(project=project, user=user, task_ids=sorted(held), share=True)

    assert take(owner) == 20  # who is alone has all: a network may be cut
    assert len(renew(owner)) == 20
    assert take(second) == 0
    assert renew(owner) == [task.pk for task in tasks[:10]]
    assert [take(second), take(second), take(third), take(owner)] == [10, 0, 0, 0]
    assert [len(renew(owner)), len(renew(second)), take(third), take(owner)] == [6, 6, 6, 0]
    assert len(renew(owner)) == 6  # nobody waits any more


def test_the_last_task_is_nobodys_share_only(project, owner, make_tasks):
    [task] = make_tasks(1)

    assert services.lease_next(project=project, user=owner, count=10, share=True) == [task]


def test_nobody_shares_what_is_plenty_or_was_assigned(project, owner, member, make_tasks):
    make_tasks(30)

    assert len(services.lease_next(project=project, user=owner, count=3, share=True)) == 3
    services.change_settings(project=project, actor=owner, is_only_assigned=True)
    other = member("annotator")
    tasks = list(Task.objects.values_list("pk", flat=True))
    assignment.assign(project=project, actor=owner, user_ids=[other.pk], task_ids=tasks)
    assert len(services.lease_next(project=project, user=other, count=27, share=True)) == 27


def test_who_comes_back_to_more_than_is_asked_for_has_it_all(project, owner, make_tasks):
    tasks = make_tasks(30)
    services.lease_next(project=project, user=owner, count=25, share=True)

    held = services.lease_next(project=project, user=owner, count=10, resume=True, share=True)

    assert [task.pk for task in held] == [task.pk for task in tasks[:25]]
