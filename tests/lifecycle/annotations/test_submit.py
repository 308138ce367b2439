"""Answers: durable, repeatable, exact in number, and never overwritten."""

from __future__ import annotations

import pytest

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Lease, Task
from lifecycle.common.errors import Conflict, DomainError, NotFound
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_an_answer_finishes_the_task_and_labels_the_item(project, owner, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)

    annotation = answer(owner, task, "dog", lead_time_ms=900)

    task.refresh_from_db()
    assert (task.state, task.answers) == (Task.State.DONE, 1)
    assert (task.item.label, task.item.label_annotation_id) == ("dog", annotation.pk)
    assert (annotation.value, annotation.schema_version, annotation.lead_time_ms) == ("dog", 1, 900)


def test_a_repeat_with_the_same_key_has_one_effect(project, owner, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)

    first = answer(owner, task, "dog", idempotency_key="key-00001")
    second = answer(owner, task, "dog", idempotency_key="key-00001")

    assert first == second
    assert Annotation.objects.count() == 1


def test_a_key_cannot_be_used_for_another_task(project, owner, make_tasks, answer):
    one, two = make_tasks(2)
    services.lease_next(project=project, user=owner, count=2)
    answer(owner, one, idempotency_key="key-00001")

    with pytest.raises(Conflict):
        answer(owner, two, idempotency_key="key-00001")


def test_a_change_keeps_the_first_version(project, owner, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    first = answer(owner, task, "dog")

    second = answer(owner, task, "cat")

    first.refresh_from_db()
    task.refresh_from_db()
    assert (first.is_current, first.value, second.is_current, second.previous) == (False, "dog", True, first)
    assert (task.answers, task.item.label) == (1, "cat")


def test_a_withdrawn_answer_reopens_the_task_for_the_same_person(project, owner, member, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task, "dog")

    services.withdraw(project=project, user=owner, task_id=task.pk)

    task.refresh_from_db()
    assert (task.state, task.answers, task.item.label) == (Task.State.OPEN, 0, None)
    assert services.lease_next(project=project, user=member("annotator")) == []
    answer(owner, task, "cat")
    assert list(Annotation.objects.order_by("pk").values_list("kind", "value")) == [
        ("answer", "dog"),
        ("withdrawn", None),
        ("answer", "cat"),
    ]


def test_there_is_nothing_to_withdraw_without_an_answer(project, owner, make_tasks):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)

    with pytest.raises(Conflict):
        services.withdraw(project=project, user=owner, task_id=task.pk)


def test_a_late_answer_is_taken_while_the_task_wants_one(project, owner, make_tasks, answer, expire):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    expire(task)

    assert answer(owner, task).is_current


def test_a_late_answer_takes_the_place_of_a_lease_that_is_not_answered_yet(
    project, owner, member, make_tasks, answer, expire
):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    expire(task)
    other = member("annotator")
    services.lease_next(project=project, user=other)

    answer(owner, task)

    assert services.renew(project=project, user=other, task_ids=[task.pk]) == []
    with pytest.raises(Conflict):
        answer(other, task)


def test_somebody_who_was_never_given_the_task_cannot_answer_it(project, make_tasks, answer, member):
    [task] = make_tasks(1)

    with pytest.raises(NotFound):
        answer(member("annotator"), task)


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        ["cat"],
        [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["fox"]}}],
        [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["cat", "dog"]}}],
        [{"from_name": "other", "to_name": "item", "type": "choices", "value": {"choices": ["cat"]}}],
        [{"from_name": "label", "to_name": "item", "type": "number", "value": {"number": 3}}],
    ],
)
def test_a_result_the_schema_does_not_allow_is_refused(project, owner, make_tasks, result):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)

    with pytest.raises(DomainError):
        services.submit(project=project, user=owner, task_id=task.pk, result=result)
    assert not Annotation.objects.exists()


def test_the_majority_is_the_label_and_a_tie_goes_to_the_newest(project, owner, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=3, lease_seconds=60)
    one, two = make_tasks(2)
    people = [UserFactory() for _ in range(3)]
    for person, first, second in zip(people, ["cat", "dog", "cat"], ["cat", "dog", "owl"], strict=True):
        services.lease_next(project=project, user=person, count=2)
        answer(person, one, first)
        answer(person, two, second)

    one.item.refresh_from_db()
    two.item.refresh_from_db()

    assert (one.item.label, two.item.label) == ("cat", "owl")


def test_a_skip_takes_the_task_out_of_the_queue_until_it_is_reopened(project, owner, member, make_tasks):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)

    services.skip(project=project, user=owner, task_id=task.pk, reason="  too   dark ")

    task.refresh_from_db()
    assert (task.state, task.skip_reason) == (Task.State.SKIPPED, "too dark")
    assert services.lease_next(project=project, user=member("annotator")) == []
    assert services.reopen(project=project, actor=owner, task_ids=[task.pk]) == 1
    assert services.lease_next(project=project, user=owner) == [task]


@pytest.mark.parametrize(
    ("wanted", "reasons", "states"),
    [
        ({}, ["", "cannot tell"], ["open", "skipped"]),
        ({}, ["broken or empty"], ["skipped"]),
        ({"final_skip_reasons": ["upside down"]}, ["broken or empty", "upside down"], ["open", "skipped"]),
        ({"skips_to_leave": 1}, [""], ["skipped"]),
        ({"skips_to_leave": 3}, ["", "", ""], ["open", "open", "skipped"]),
    ],
)
def test_a_skip_is_that_persons_alone_until_enough_people_skipped_or_the_item_is_bad(
    project, owner, make_tasks, wanted, reasons, states
):
    services.change_settings(project=project, actor=owner, overlap=2, **wanted)
    [task] = make_tasks(1)

    found = []
    for reason in reasons:
        person = UserFactory()
        assert services.lease_next(project=project, user=person) == [task]
        services.skip(project=project, user=person, task_id=task.pk, reason=reason)
        assert services.lease_next(project=project, user=person) == []
        task.refresh_from_db()
        found.append(task.state)

    assert found == states
    services.withdraw(project=project, user=person, task_id=task.pk)
    task.refresh_from_db()
    assert task.state == "open"


def test_what_one_person_skips_gets_its_answers_from_others(project, owner, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2)
    [task] = make_tasks(1)
    first, second, third = UserFactory(), UserFactory(), UserFactory()
    services.lease_next(project=project, user=first)
    services.skip(project=project, user=first, task_id=task.pk)

    for person in (second, third):
        assert services.lease_next(project=project, user=person) == [task]
        answer(person, task, "dog")

    task.refresh_from_db()
    assert (task.state, task.answers, task.item.label) == ("done", 2, "dog")


def test_a_reopened_task_asks_for_one_more_person(project, owner, member, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task, "dog")

    services.reopen(project=project, actor=owner, task_ids=[task.pk])

    other = member("annotator")
    assert services.lease_next(project=project, user=owner) == []
    assert services.lease_next(project=project, user=other) == [task]
    answer(other, task, "cat")
    task.refresh_from_db()
    assert (task.state, task.answers, task.item.label) == (Task.State.DONE, 2, "cat")


def test_an_answered_lease_ends(project, owner, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task)

    assert services.release(project=project, user=owner, task_ids=[task.pk]) == 0
    assert Lease.objects.count() == 1  # kept, expired: a repeat of the answer must not be refused
