"""An export reads ahead: whatever the size of a batch, every task comes once, in order, with its answers."""

from __future__ import annotations

import pytest

from lifecycle.annotations import exports, services
from lifecycle.annotations.models import Task
from lifecycle.annotations.services import external_tasks
from tests import factories
from workers.engines.labels_export import tables

RESULT = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["dog"]}}]


@pytest.mark.parametrize("size", [1, 2, 5, 6, 2_000])
def test_every_task_comes_once_whatever_the_size_of_a_batch(project, schema, make_tasks, monkeypatch, size):
    monkeypatch.setattr(exports, "BATCH", size)
    reviewer, tasks = factories.UserFactory(), make_tasks(5)
    for task in tasks[1:3]:
        services.submit(project=project, user=reviewer, task_id=task.pk, result=RESULT, may_answer_any=True)

    found = [task.body for task in exports.stream_tasks(project, layout="CSV")]

    assert [body["id"] for body in found] == [task.pk for task in tasks]
    assert [len(body["annotations"]) for body in found] == [0, 1, 1, 0, 0]
    answered = list(exports.stream_tasks(project, layout="CSV", only_annotated=True))
    assert [task.body["id"] for task in answered] == [task.pk for task in tasks[1:3]]


def test_an_export_that_is_given_up_leaves_the_connection_usable(project, schema, make_tasks, monkeypatch):
    monkeypatch.setattr(exports, "BATCH", 1)
    make_tasks(3)

    tasks = exports.stream_tasks(project, layout="JSON")
    next(tasks)
    tasks.close()

    assert project.datasets.count() == 1


def test_a_flat_layout_says_the_same_of_each_answer_as_a_whole_one(project, schema, make_tasks):
    first, second, tasks = factories.UserFactory(), factories.UserFactory(), make_tasks(4)
    Task.objects.update(overlap=2)
    for user, task in ((first, tasks[0]), (second, tasks[0]), (first, tasks[1])):
        services.submit(project=project, user=user, task_id=task.pk, result=RESULT, may_answer_any=True)
    services.submit(project=project, user=first, task_id=tasks[1].pk, result=RESULT, lead_time_ms=1_500)  # a change
    services.skip(project=project, user=second, task_id=tasks[2].pk, reason="blurred", may_answer_any=True)

    flat, whole = (
        [[*tables.flatten(task.body)] for task in exports.stream_tasks(project, layout=layout)]
        for layout in ("CSV", "PARQUET")
    )

    assert flat == whole
    assert [len(rows) for rows in flat] == [2, 1, 0, 1]
    assert flat[3][0]["annotation_id"] is None  # nobody was asked about the last one, and it is not left out
    assert [row["lead_time"] for row in flat[1]] == [1.5]


@pytest.mark.parametrize("layout", ["JSON", "CSV", "PARQUET"])
def test_what_a_client_of_the_door_sent_beside_a_task_and_an_answer_comes_out_again(project, owner, schema, layout):
    result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["cat"]}}]
    answer = {"result": result, "ground_truth": True, "unique_id": "u-1"}
    task = {"data": {"text": "a cat", "n": 7}, "meta": {"page": 3}, "annotations": [answer]}
    external_tasks.import_tasks(project=project, user=owner, tasks=[task])

    (found,) = [task.body for task in exports.stream_tasks(project, layout=layout)]

    assert found["data"]["n"] == 7
    if layout != "CSV":  # which holds answers and data alone
        assert (found["meta"], found["annotations"][0]["ground_truth"]) == ({"page": 3}, True)
