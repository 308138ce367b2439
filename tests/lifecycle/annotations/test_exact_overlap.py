"""However many ask at once: exactly `overlap` answers from as many people, and never more leases than room."""

from __future__ import annotations

import random
import threading

import pytest
from django.db import connection
from django.db.models import Count, Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lifecycle.annotations import rules, services
from lifecycle.annotations.models import Annotation, Lease, Task
from lifecycle.common.errors import DomainError
from lifecycle.datasets.models import Dataset, Item
from tests import factories

CLASSES = ["cat", "dog", "owl"]


def make_project(*, overlap: int, tasks: int):
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    services.create_schema(project=project, classes=CLASSES, created_by=owner)
    services.change_settings(project=project, actor=owner, overlap=overlap, lease_seconds=600)
    dataset = Dataset.objects.get(project=project)
    collection = factories.CollectionFactory(dataset=dataset)
    for _ in range(tasks):
        factories.ItemFactory(dataset=dataset, collection=collection)
    services.open_tasks(collection=collection)
    return project


def check_invariants(overlap: int) -> None:
    """What must hold at every moment, for every task."""
    from django.db.models.functions import Now

    answer = Q(annotations__is_current=True, annotations__kind="answer", annotations__origin="human")
    counted = Task.objects.annotate(
        current=Count("annotations", filter=answer, distinct=True),
        people=Count("annotations__user", filter=answer, distinct=True),
        live=Count("leases", filter=Q(leases__expires_at__gt=Now()), distinct=True),
    ).select_related("item")
    for task in counted:
        assert task.current == task.people == task.answers <= overlap
        assert task.answers + task.live <= overlap
        assert (task.state == Task.State.DONE) == (task.answers == overlap)
        assert (task.item.label is not None) == (task.state == Task.State.DONE)
        if task.item.label is not None:
            chosen = Annotation.objects.get(pk=task.item.label_annotation_id)
            assert chosen.is_current and chosen.value == task.item.label and chosen.task_id == task.pk
    versions = Annotation.objects.values("task", "user").annotate(current=Count("pk", filter=Q(is_current=True)))
    assert all(row["current"] == 1 for row in versions)


class Labelling(RuleBasedStateMachine):
    """Three people and four tasks of overlap two, in any order of events."""

    def __init__(self):
        super().__init__()
        self.project = make_project(overlap=2, tasks=4)
        self.people = [factories.UserFactory() for _ in range(3)]
        self.tasks = list(Task.objects.filter(dataset__project=self.project).order_by("pk"))
        self.keys: list[tuple] = []

    def attempt(self, verb, **arguments):
        """A refusal is fine at any time; anything else is a bug."""
        try:
            return verb(project=self.project, **arguments)
        except DomainError:
            return None

    @rule(person=st.integers(0, 2), count=st.integers(1, 3), resume=st.booleans())
    def lease(self, person, count, resume):
        tasks = self.attempt(services.lease_next, user=self.people[person], count=count, resume=resume)
        assert len({task.pk for task in tasks}) == len(tasks)

    @rule(person=st.integers(0, 2), task=st.integers(0, 3), value=st.sampled_from(CLASSES))
    def submit(self, person, task, value):
        key = f"key-{len(self.keys):06d}"
        arguments = {
            "user": self.people[person],
            "task_id": self.tasks[task].pk,
            "result": rules.build_result("class", value),
            "idempotency_key": key,
        }
        done = self.attempt(services.submit, **arguments)
        if done:
            self.keys.append((arguments, done.pk))

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def repeat(self, data):
        arguments, pk = data.draw(st.sampled_from(self.keys))
        before = Annotation.objects.count()
        assert services.submit(project=self.project, **arguments).pk == pk
        assert Annotation.objects.count() == before

    @rule(person=st.integers(0, 2), task=st.integers(0, 3))
    def withdraw(self, person, task):
        self.attempt(services.withdraw, user=self.people[person], task_id=self.tasks[task].pk)

    @rule(person=st.integers(0, 2), task=st.integers(0, 3))
    def skip(self, person, task):
        self.attempt(services.skip, user=self.people[person], task_id=self.tasks[task].pk)

    @rule(person=st.integers(0, 2))
    def renew(self, person):
        ids = [task.pk for task in self.tasks]
        self.attempt(services.renew, user=self.people[person], task_ids=ids)

    @rule(person=st.integers(0, 2), task=st.integers(0, 3))
    def release(self, person, task):
        self.attempt(services.release, user=self.people[person], task_ids=[self.tasks[task].pk])

    @rule(task=st.integers(0, 3))
    def expire(self, task):
        from django.db.models.functions import Now

        Lease.objects.filter(task=self.tasks[task]).update(expires_at=Now())

    @invariant()
    def holds(self):
        check_invariants(overlap=2)


class TestLabelling(TestCase, Labelling.TestCase):
    settings = settings(max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_twenty_people_at_once_leave_exactly_two_answers_on_each_task():
    overlap, count, crowd = 2, 300, 20
    project = make_project(overlap=overlap, tasks=count)
    people = [factories.UserFactory() for _ in range(crowd)]
    failures: list[BaseException] = []

    def work(person, seed):
        dice = random.Random(seed)
        try:
            while tasks := services.lease_next(project=project, user=person, count=dice.randint(1, 8)):
                for task in tasks:
                    if dice.random() < 0.1:  # goes away in mid-task
                        services.release(project=project, user=person, task_ids=[task.pk])
                        continue
                    services.submit(
                        project=project,
                        user=person,
                        task_id=task.pk,
                        result=rules.build_result("class", dice.choice(CLASSES)),
                    )
        except BaseException as error:  # noqa: BLE001 — a thread's failure is the test's failure
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(person, seed)) for seed, person in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for person in people:  # what was released last, when nobody asked any more
        work(person, person.pk)

    assert failures == []
    check_invariants(overlap)
    assert Task.objects.filter(state=Task.State.DONE, answers=overlap).count() == count
    assert Annotation.objects.filter(is_current=True).count() == overlap * count
    assert Item.objects.filter(label__isnull=False).count() == count
