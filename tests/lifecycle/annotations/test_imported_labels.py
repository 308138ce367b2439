"""Labels that come with an import, and what they may not do to people's work."""

from __future__ import annotations

import pytest

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Task
from tests import factories

pytestmark = pytest.mark.django_db


def test_imported_labels_finish_tasks_and_label_items(collection, make_tasks):
    one, two, three = make_tasks(3)

    outcome = services.record_imported_labels(
        collection=collection, labels=[(one.item_id, "cat"), (two.item_id, "fox"), (three.item_id, "owl")]
    )

    assert (outcome.recorded, outcome.invalid) == (2, 1)
    assert list(Task.objects.order_by("pk").values_list("state", flat=True)) == ["done", "open", "done"]
    one.item.refresh_from_db()
    assert (one.item.label, one.item.label_annotation_id) == ("cat", one.annotations.get().pk)


def test_the_same_import_again_adds_nothing(collection, make_tasks):
    [task] = make_tasks(1)
    services.record_imported_labels(collection=collection, labels=[(task.item_id, "cat")])

    outcome = services.record_imported_labels(collection=collection, labels=[(task.item_id, "cat")])

    assert (outcome.recorded, outcome.unchanged) == (0, 1)
    assert Annotation.objects.count() == 1


def test_another_label_for_known_content_is_a_new_version(collection, make_tasks):
    [task] = make_tasks(1)
    services.record_imported_labels(collection=collection, labels=[(task.item_id, "cat")])

    services.record_imported_labels(collection=collection, labels=[(task.item_id, "dog")])

    task.item.refresh_from_db()
    first, second = Annotation.objects.order_by("pk")
    assert (first.is_current, second.is_current, second.previous, task.item.label) == (False, True, first, "dog")


def test_a_person_outranks_an_import_and_an_import_comes_back_when_they_withdraw(
    project, collection, member, make_tasks, answer
):
    [task] = make_tasks(1)
    services.record_imported_labels(collection=collection, labels=[(task.item_id, "cat")])
    reviewer = member("reviewer")

    answer(reviewer, task, "owl", may_answer_any=True)
    services.record_imported_labels(collection=collection, labels=[(task.item_id, "dog")])
    task.item.refresh_from_db()
    assert task.item.label == "owl"

    services.withdraw(project=project, user=reviewer, task_id=task.pk)
    task.item.refresh_from_db()
    assert task.item.label == "dog"


def test_an_imported_label_sent_to_the_queue_is_decided_by_the_next_person(
    project, owner, collection, make_tasks, answer
):
    [task] = make_tasks(1)
    services.record_imported_labels(collection=collection, labels=[(task.item_id, "cat")])

    services.request_labels(project=project, item_ids=[task.item_id])

    assert services.lease_next(project=project, user=owner) == [task]
    answer(owner, task, "dog")
    task.refresh_from_db()
    assert (task.state, task.item.label) == (Task.State.DONE, "dog")


def test_numbers_are_imported_for_regression(owner):
    project = factories.ProjectFactory(owner=owner, problem_type="tabular_regression")
    services.create_schema(project=project, classes=[], created_by=owner)
    collection = factories.CollectionFactory(dataset=project.datasets.get())
    items = [factories.ItemFactory(dataset=collection.dataset, collection=collection) for _ in range(3)]
    services.open_tasks(collection=collection)

    labels = zip([item.pk for item in items], ["12.50", "1e3", "cheap"], strict=True)
    outcome = services.record_imported_labels(collection=collection, labels=labels)

    assert (outcome.recorded, outcome.invalid) == (2, 1)
    assert list(type(items[0]).objects.order_by("pk").values_list("label", flat=True)) == ["12.5", "1000", None]


def test_opening_tasks_again_makes_none(collection, make_tasks):
    make_tasks(3)

    assert services.open_tasks(collection=collection) == 0
