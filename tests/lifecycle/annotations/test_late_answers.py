"""Answers that were given under an earlier label schema: a page was open while somebody changed the classes."""

from __future__ import annotations

import pytest

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation
from lifecycle.annotations.services.schemas import edit_schema, preview_change
from lifecycle.common.errors import DomainError
from lifecycle.contracts.label_interface.editing import LabelChange
from lifecycle.datasets.models import Dataset
from tests import factories
from tests.lifecycle.annotations.test_combined import BOXES, NOTE, RESULT, box, how

pytestmark = pytest.mark.django_db


def rename(project, owner, classes, **renames):
    return services.change_schema(project=project, actor=owner, classes=classes, renames=renames)


@pytest.fixture
def drawn(owner):
    """A project of boxes with an open task, and its schema at version 1."""
    project = factories.ProjectFactory(owner=owner, problem_type="object_detection")
    services.set_config(project=project, actor=owner, config=BOXES)
    dataset = Dataset.objects.get(project=project)
    collection = factories.CollectionFactory(dataset=dataset)
    factories.ItemFactory(dataset=dataset, collection=collection, text="", blob="a" * 64)
    services.open_tasks(collection=collection)
    services.lease_next(project=project, user=owner)
    return project


@pytest.fixture
def submit_drawn(drawn, owner):
    def send(result, **options):
        task = dataset_task(drawn)
        return services.submit(project=drawn, user=owner, task_id=task, result=result, **options)

    return send


def dataset_task(project) -> int:
    return Dataset.objects.get(project=project).items.get().task.pk


def test_a_class_is_taken_by_the_name_it_has_now(project, owner, make_tasks, answer):
    one, two = make_tasks(2)
    services.lease_next(project=project, user=owner, count=2)
    rename(project, owner, ["feline", "dog", "owl"], cat="feline")
    rename(project, owner, ["pet", "dog", "owl", "cat"], feline="pet")  # “cat” is another class from now on

    shown = answer(owner, one, "cat", schema_version=1)
    known = answer(owner, two, "cat")

    assert [(one.value, one.schema_version) for one in (shown, known)] == [("pet", 3), ("cat", 3)]
    assert shown.result[0]["value"] == {"choices": ["pet"]}


def test_a_class_that_is_gone_is_refused_by_its_name(project, owner, make_tasks, answer):
    (task,) = make_tasks(1)
    services.lease_next(project=project, user=owner)
    rename(project, owner, ["dog", "owl"])

    with pytest.raises(DomainError, match="“cat” is not a class any more: version 2"):
        answer(owner, task, "cat", schema_version=1)

    assert not Annotation.objects.exists()


@pytest.mark.parametrize("version", [1, 2, 7, None])
def test_a_version_that_is_not_older_changes_nothing(project, owner, make_tasks, answer, version):
    (task,) = make_tasks(1)
    services.lease_next(project=project, user=owner)

    assert answer(owner, task, "cat", schema_version=version).value == "cat"


def test_regions_and_what_is_said_of_them_follow(drawn, owner, submit_drawn):
    changes = {
        "label": [LabelChange("kitten", old="cat"), LabelChange("dog", old="dog")],
        "how": [LabelChange("whole", old="whole"), LabelChange("cut off", old="part")],
    }
    edit_schema(project=drawn, actor=owner, changes=changes)

    taken = submit_drawn(RESULT, schema_version=1)

    assert taken.result == [box("a", "kitten"), how("a", "cut off"), box("b", "dog"), NOTE]
    assert (taken.value, taken.schema_version) == ("dog, kitten", 2)


def test_a_question_that_was_added_meanwhile_refuses_nothing(drawn, owner, submit_drawn):
    asked = '<Rating name="sharp" toName="img" required="true"/></View>'
    services.set_config(project=drawn, actor=owner, config=BOXES.replace("</View>", asked))

    assert submit_drawn(RESULT, schema_version=1).result == RESULT
    with pytest.raises(DomainError, match="sharp"):
        submit_drawn(RESULT, schema_version=2)


@pytest.mark.parametrize(
    ("gone", "said"),
    [('<TextArea name="note" toName="img"/>', "question “note”"), ('<Choice value="part"/>', "“part” is not a class")],
)
def test_what_was_taken_out_is_named(drawn, owner, submit_drawn, gone, said):
    services.set_config(project=drawn, actor=owner, config=BOXES.replace(gone, ""))

    with pytest.raises(DomainError, match=said):
        submit_drawn(RESULT, schema_version=1)


@pytest.mark.parametrize("result", ["cat", [{"x": 1}], [box("a", "owl")], None])
def test_what_its_own_version_refuses_is_refused(drawn, owner, submit_drawn, result):
    services.set_config(project=drawn, actor=owner, config=BOXES.replace('"dog"/>', '"dog"/><Label value="owl"/>'))

    with pytest.raises(DomainError):
        submit_drawn(result, schema_version=1)


def test_a_question_under_another_name_takes_its_answers_along(drawn, owner, submit_drawn):
    submit_drawn(RESULT)
    asked = BOXES.replace('name="how"', 'name="part"').replace('name="note"', 'name="remark"')
    renames = {"how": {"": "part"}, "note": {"": "remark"}, "label": {"": "part"}}

    _, change, breaks = preview_change(project=drawn, config=asked, renames=renames)
    services.set_config(project=drawn, actor=owner, config=asked, renames=renames)

    expected = [box("a", "cat"), how("a") | {"from_name": "part"}, box("b", "dog"), NOTE | {"from_name": "remark"}]
    assert (change.controls, breaks) == ({"how": "part", "note": "remark"}, [])
    assert Annotation.objects.get(is_current=True).result == expected
    assert submit_drawn(RESULT, schema_version=1).result == expected  # a page that was open


def test_a_question_does_not_become_one_that_asks_otherwise(drawn, owner, submit_drawn):
    submit_drawn(RESULT)
    asked = BOXES.replace('<TextArea name="note"', '<Number name="remark"')

    with pytest.raises(DomainError, match="note"):
        services.set_config(project=drawn, actor=owner, config=asked, renames={"note": {"": "remark"}})
