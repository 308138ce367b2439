"""Who gets what: by hand, by rule, and what that leaves for the others."""

from __future__ import annotations

from collections import Counter

import pytest

from lifecycle.annotations import queue_selectors, services
from lifecycle.annotations.assignment_rules import choose_people
from lifecycle.annotations.models import Assignment, Suggestion, Task
from lifecycle.annotations.services import assignment
from lifecycle.common.errors import DomainError
from tests import factories


@pytest.fixture
def people(project):
    made = [factories.UserFactory(username=f"person{number}") for number in range(3)]
    for user in made:
        factories.MembershipFactory(project=project, user=user, role="annotator")
    return made


def lease(project, user, count=10):
    return [task.pk for task in services.lease_next(project=project, user=user, count=count)]


def test_shares_are_kept_and_a_person_who_joins_moves_nothing_between_the_others():
    before = {task: choose_people(task, {1: 3, 2: 1}, 1)[0] for task in range(2_000)}
    after = {task: choose_people(task, {1: 3, 2: 1, 3: 2}, 1)[0] for task in range(2_000)}

    assert 0.71 < Counter(before.values())[1] / 2_000 < 0.79
    assert {after[task] for task in before if after[task] != before[task]} == {3}
    assert sorted(choose_people(7, {1: 1, 2: 1}, 5)) == [1, 2]


@pytest.mark.django_db
def test_a_person_gets_assigned_tasks_first_and_nobody_else_gets_them(project, owner, people, make_tasks):
    tasks = [task.pk for task in make_tasks(4)]
    assignment.assign(project=project, actor=owner, task_ids=tasks[2:], user_ids=[people[0].pk])

    assert lease(project, people[1]) == tasks[:2]
    services.release(project=project, user=people[1], task_ids=tasks)
    assert lease(project, people[0], 3) == [tasks[2], tasks[3], tasks[0]]


@pytest.mark.django_db
def test_of_two_answers_one_stays_for_whom_it_was_assigned_to(project, owner, people, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2)
    [task] = make_tasks(1)
    assignment.assign(project=project, actor=owner, task_ids=[task.pk], user_ids=[people[0].pk])

    assert lease(project, people[1]) == [task.pk]
    assert lease(project, people[2]) == []
    answer(people[1], task)
    assert lease(project, people[2]) == []
    assert Task.objects.get().is_reserved
    assert lease(project, people[0]) == [task.pk]
    answer(people[0], task)

    assert Task.objects.get().state == Task.State.DONE
    assert not Assignment.objects.get().is_open


@pytest.mark.django_db
def test_where_only_assigned_tasks_are_handed_out_the_others_get_nothing(project, owner, people, make_tasks):
    one, two = make_tasks(2)
    assignment.assign(project=project, actor=owner, task_ids=[two.pk], user_ids=[people[0].pk])
    services.change_settings(project=project, actor=owner, is_only_assigned=True)

    assert lease(project, people[0]) == [two.pk]
    assert lease(project, people[1]) == []
    assignment.unassign(project=project, actor=owner, user_id=people[0].pk)
    services.change_settings(project=project, actor=owner, is_only_assigned=False)
    assert lease(project, people[1]) == [one.pk]


@pytest.mark.django_db
def test_an_undone_answer_is_expected_of_the_same_person_again(project, owner, people, make_tasks, answer):
    [task] = make_tasks(1)
    assignment.assign(project=project, actor=owner, task_ids=[task.pk], user_ids=[people[0].pk])
    lease(project, people[0])
    answer(people[0], task)

    services.withdraw(project=project, user=people[0], task_id=task.pk)
    services.release(project=project, user=people[0], task_ids=[task.pk])

    assert lease(project, people[1]) == []
    assert lease(project, people[0]) == [task.pk]


@pytest.mark.django_db
def test_a_rule_by_guess_assigns_what_is_there_and_what_comes_in(project, owner, people, make_tasks, run_jobs):
    tasks = make_tasks(6)
    for place, task in enumerate(tasks):
        Suggestion.objects.create(task=task, created_by=owner, value="cat" if place % 2 else "dog")

    rule = assignment.create_rule(
        project=project, actor=owner, title="cats", guess="cat", shares={people[0].pk: 1}, is_active=True
    )
    [job] = run_jobs()

    assert (job.state, job.result["assigned"]) == ("succeeded", 3)
    assert set(Assignment.objects.values_list("task_id", flat=True)) == {task.pk for task in tasks[1::2]}
    make_tasks(1)
    assert rule.project.jobs.filter(kind="assign", state="queued").count() == 1
    assert queue_selectors.list_workloads(project)[0].waiting == 3


@pytest.mark.django_db
def test_a_rule_takes_what_the_filters_of_the_gallery_take(project, owner, people, make_tasks, run_jobs, collection):
    make_tasks(2)
    assignment.create_rule(
        project=project,
        actor=owner,
        title="this collection, halves",
        query=f"collection={collection.pk}",
        shares={people[0].pk: 1, people[1].pk: 1},
        people_per_task=2,
    )
    assignment.create_rule(
        project=project, actor=owner, title="another", query="collection=999999", shares={people[2].pk: 1}
    )

    first, second = run_jobs()

    assert (first.result["assigned"], second.result["assigned"]) == (4, 0)


@pytest.mark.django_db
def test_tasks_are_assigned_to_members_only(project, owner, stranger, member, make_tasks):
    [task] = make_tasks(1)

    for user in (stranger, member("viewer")):
        with pytest.raises(DomainError):
            assignment.assign(project=project, actor=owner, task_ids=[task.pk], user_ids=[user.pk])
    with pytest.raises(DomainError):
        assignment.create_rule(project=project, actor=owner, title="x", shares={owner.pk: 1}, people_per_task=2)


@pytest.mark.django_db
def test_tasks_of_another_project_are_not_assigned(project, owner, make_tasks):
    other = factories.ProjectFactory(owner=owner)
    [task] = make_tasks(1)

    assert assignment.assign(project=other, actor=owner, task_ids=[task.pk], user_ids=[owner.pk]) == 0
