"""Filters of a task list, as scripts write them with the SDK's data manager, and views that keep them."""

from __future__ import annotations

import json

import pytest
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.data_manager import Column, Filters, Operator, Type

from lifecycle.annotations.external_filters import filter_tasks
from lifecycle.annotations.models import Task
from lifecycle.projects.models import Project
from tests import factories
from tests.webapp.protocols.conftest import choose

FIELD = Column.data("n")


@pytest.fixture
def tasks(client, text_project) -> dict[str, int]:
    """{text: task id}: four tasks, of which one is answered, one skipped and one only suggested."""
    rows = [
        {"data": {"text": "red fox", "n": 2, "city": "Ulm"}, "annotations": [{"result": choose("good")}]},
        {"data": {"text": "grey wolf", "n": 10}, "annotations": [{"result": [], "was_cancelled": True}]},
        {
            "data": {"text": "brown bear"},
            "predictions": [{"result": choose("bad"), "score": 0.3, "model_version": "m1"}],
        },
        {"data": {"text": "white 100% swan", "n": "x", "city": "Bonn"}},
    ]
    client.projects.import_tasks(text_project.id, request=rows)
    return {task.data["text"]: task.id for task in client.tasks.list(project=text_project.id)}


@pytest.fixture
def find(client, text_project, tasks):
    """find(column, operator, type, value) gives the first words of the tasks that fit, in their order."""

    def ask(column, operator, kind, value, conjunction=Filters.AND, more=(), **query):
        items = [Filters.item(column, operator, kind, value), *more]
        asked = json.dumps({"filters": Filters.create(conjunction, items)} | query)
        return [task.data["text"].split()[0] for task in client.tasks.list(project=text_project.id, query=asked)]

    return ask


@pytest.mark.parametrize(
    ("column", "operator", "kind", "value", "found"),
    [
        (Column.total_annotations, Operator.GREATER, Type.Number, 0, ["red"]),
        (Column.total_annotations, Operator.EMPTY, Type.Number, True, ["grey", "brown", "white"]),
        (Column.total_annotations, Operator.EQUAL, Type.Number, 0, ["grey", "brown", "white"]),
        (Column.total_annotations, Operator.LESS, Type.Number, 1, ["grey", "brown", "white"]),
        (Column.total_annotations, Operator.EMPTY, Type.Number, False, ["red"]),
        (Column.cancelled_annotations, Operator.EQUAL, Type.Number, 1, ["grey"]),
        (Column.cancelled_annotations, Operator.GREATER_OR_EQUAL, Type.Number, 1, ["grey"]),
        (Column.total_predictions, Operator.NOT_EQUAL, Type.Number, 0, ["brown"]),
        (Column.predictions_score, Operator.LESS, Type.Number, 0.5, ["brown"]),
        (Column.predictions_model_versions, Operator.CONTAINS, Type.List, ["m1"], ["brown"]),
        (Column.predictions_results, Operator.CONTAINS, Type.String, "bad", ["brown"]),
        (Column.annotations_results, Operator.CONTAINS, Type.String, "good", ["red"]),
        (Column.annotations_results, Operator.NOT_CONTAINS, Type.String, "good", ["grey", "brown", "white"]),
        (Column.annotators, Operator.EMPTY, Type.List, False, ["red"]),
        (Column.completed_at, Operator.EMPTY, Type.Datetime, False, ["red"]),
        (Column.completed_at, Operator.GREATER, Type.Datetime, "2020-01-01T00:00:00.000000Z", ["red"]),
        (Column.ground_truth, Operator.EQUAL, Type.Boolean, True, []),
        (Column.data("text"), Operator.CONTAINS, Type.String, "100%", ["white"]),
        (Column.data("text"), Operator.NOT_CONTAINS, Type.String, "o", ["white"]),
        (Column.data("text"), Operator.REGEX, Type.String, "^(red|grey) ", ["red", "grey"]),
        (Column.data("city"), Operator.EQUAL, Type.String, "Ulm", ["red"]),
        (Column.data("city"), Operator.NOT_EQUAL, Type.String, "Ulm", ["grey", "brown", "white"]),
        (Column.data("city"), Operator.EMPTY, Type.String, True, ["grey", "brown"]),
        (Column.data("city"), Operator.IN_LIST, Type.List, ["Ulm", "Bonn"], ["red", "white"]),
        (FIELD, Operator.GREATER, Type.Number, 3, ["grey"]),
        (FIELD, Operator.IN, Type.Number, {"min": 1, "max": 5}, ["red"]),
        (FIELD, Operator.NOT_IN, Type.Number, {"min": 1, "max": 5}, ["grey", "brown", "white"]),
    ],
)
def test_tasks_are_found_by_what_label_studio_can_ask(find, column, operator, kind, value, found):
    assert find(column, operator, kind, value) == found


def test_filters_are_joined_and_ordered(find, tasks):
    more = [Filters.item(Column.id, Operator.EQUAL, Type.Number, tasks["brown bear"])]

    assert find(Column.total_annotations, "greater", Type.Number, 0, Filters.OR, more) == ["red", "brown"]
    newest_first = {"ordering": ["-tasks:total_annotations"]}
    assert find(Column.id, "greater", Type.Number, 0, **newest_first)[0] == "red"
    assert find(Column.id, "greater", Type.Number, 0, ordering=["tasks:-data.text"])[0] == "white"


def test_a_view_keeps_them(client, text_project, tasks):
    filters = Filters.create(Filters.AND, [Filters.item(Column.total_annotations, "greater", Type.Number, 0)])
    view = client.views.create(project=text_project.id, data={"title": "Labeled", "filters": filters})

    assert [task.id for task in client.tasks.list(view=view.id)] == [tasks["red fox"]]


@pytest.mark.parametrize(
    ("column", "operator", "value"),
    [
        (Column.agreement, "greater", 0.5),
        (Column.id, "contains", "1"),
        (Column.data("text"), "regex", "(("),
        (Column.annotators, "contains", "nobody"),
        (Column.total_annotations, "equal", "many"),
        (Column.created_at, "less", "yesterday"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(find, column, operator, value):
    with pytest.raises(ApiError) as caught:
        find(column, operator, Type.Unknown, value)

    assert caught.value.status_code == 400 and caught.value.body["validation_errors"]["query"]


@pytest.mark.parametrize(
    ("operator", "value", "is_counted"),
    [("greater", 0, False), ("equal", 0, False), ("less", 1, False), ("greater", 1, True)],
)
def test_whether_there_are_any_is_asked_without_counting_them(text_project, operator, value, is_counted):
    project = Project.objects.get(pk=text_project.id)
    item = {"filter": "filter:tasks:total_annotations", "operator": operator, "type": "Number", "value": value}
    query = json.dumps({"filters": {"conjunction": "and", "items": [item]}})

    found = filter_tasks(project, Task.objects.all(), query, project.created_by, role="owner")

    assert ("COUNT(" in str(found.query)) is is_counted and ("EXISTS(" in str(found.query)) is not is_counted


def test_pictures_are_filtered_by_where_they_came_from(client):
    config = (
        '<View><Image name="pic" value="$image"/><Choices name="c" toName="pic"><Choice value="a"/></Choices></View>'
    )
    made = client.projects.create(title="Photos", label_config=config)
    dataset = Project.objects.get(pk=made.id).datasets.get()
    for number, source in enumerate(["cells.zip!BloodImage_00003.jpg", "cells.zip!BloodImage_00004.jpg", ""]):
        digest = f"{number:064x}"
        item = factories.ItemFactory(
            dataset=dataset, text="", blob=digest, content_hash=digest, mime="image/png", source_uri=source
        )
        Task.objects.create(dataset=dataset, item=item)
    column = Column.data("image")

    def find(operator, value, **query) -> list[str]:
        items = [Filters.item(column, operator, Type.String, value)]
        asked = json.dumps({"filters": Filters.create(Filters.AND, items)} | query)
        return [task.data["image"].split("/")[4][-1] for task in client.tasks.list(project=made.id, query=asked)]

    assert find(Operator.CONTAINS, "BloodImage_00003") == ["0"]
    assert find(Operator.NOT_CONTAINS, "BloodImage_00003", ordering=["-tasks:data.image"]) == ["1", "2"]
    assert find(Operator.EMPTY, True) == ["2"]
