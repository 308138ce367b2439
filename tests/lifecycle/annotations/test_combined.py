"""Configurations that ask several things: answers, what a change of the schema does to them, the door's data."""

from __future__ import annotations

import pytest

from lifecycle.annotations import selectors, services
from lifecycle.annotations.label_studio import build_data, pick_fields, read_content
from lifecycle.annotations.models import Annotation, LabelSchema, Suggestion
from lifecycle.annotations.schema_rules import SchemaChange, compare_interfaces, migrate_result
from lifecycle.annotations.services import renames
from lifecycle.annotations.services.schemas import edit_schema, preview_change
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.label_interface import parse_interface
from lifecycle.contracts.label_interface.editing import LabelChange
from lifecycle.contracts.label_interface.templates import find_template
from lifecycle.datasets.models import Dataset
from lifecycle.jobs.models import Job
from tests import factories

db = pytest.mark.django_db

BOXES = """<View><Image name="img" value="$image"/>
<RectangleLabels name="box" toName="img"><Label value="cat"/><Label value="dog"/></RectangleLabels>
<Choices name="how" toName="img" perRegion="true"><Choice value="whole"/><Choice value="part"/></Choices>
<TextArea name="note" toName="img"/></View>"""


def box(identifier: str, label: str):
    value = {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0, "rectanglelabels": [label]}
    return {"id": identifier, "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}


def how(identifier: str, choice: str = "part"):
    value = {"choices": [choice]}
    return {"id": identifier, "from_name": "how", "to_name": "item", "type": "choices", "value": value}


NOTE = {"from_name": "note", "to_name": "item", "type": "textarea", "value": {"text": ["two cats"]}}
RESULT = [box("a", "cat"), how("a"), box("b", "dog"), NOTE]


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="object_detection")


@pytest.fixture
def schema(project, owner):
    return services.set_config(project=project, actor=owner, config=BOXES)


@pytest.fixture
def task(project, owner, schema):
    dataset = Dataset.objects.get(project=project)
    collection = factories.CollectionFactory(dataset=dataset)
    item = factories.ItemFactory(dataset=dataset, collection=collection, text="", blob="a" * 64)
    services.open_tasks(collection=collection)
    services.lease_next(project=project, user=owner)
    return type(item).objects.get(pk=item.pk).task


@pytest.fixture
def submit(project, owner, task):
    return lambda result: services.submit(project=project, user=owner, task_id=task.pk, result=result)


@db
def test_boxes_with_attributes_are_answered_and_the_xml_is_kept_as_it_came(submit, schema, task):
    answered = submit(RESULT)

    task.item.refresh_from_db()
    assert (answered.result, answered.value, task.item.label) == (RESULT, "cat, dog", "cat, dog")
    assert (schema.config, schema.classes) == (BOXES, ["cat", "dog"])


@db
def test_an_empty_picture_is_an_answer(submit, task):
    submit([])

    task.item.refresh_from_db()
    assert task.item.label == "(nothing)"


@pytest.mark.parametrize("result", [[how("z")], [box("a", "owl")], [{"x": 1}], "cat", [NOTE | {"from_name": "nobody"}]])
@db
def test_an_answer_the_configuration_does_not_know_is_refused(submit, result):
    with pytest.raises(DomainError):
        submit(result)


@db
def test_a_rename_reaches_into_regions_and_their_attributes(project, owner, submit, task):
    before = submit(RESULT)
    Suggestion.objects.create(task=task, created_by=owner, result=[box("s", "cat")], value="cat")
    changes = {
        "label": [LabelChange("kitten", old="cat"), LabelChange("dog", old="dog")],
        "how": [LabelChange("whole", old="whole"), LabelChange("cut off", old="part")],
    }

    edit_schema(project=project, actor=owner, changes=changes, based_on=1)

    task.item.refresh_from_db()
    now = Annotation.objects.get(is_current=True)
    assert now.result == [box("a", "kitten"), how("a", "cut off"), box("b", "dog"), NOTE]
    assert (now.previous_id, now.value, now.schema_version, task.item.label) == (before.pk, "dog, kitten", 2, now.value)
    assert Suggestion.objects.get().result == [box("s", "kitten")]
    assert "<TextArea" in selectors.get_schema(project).config


@db
def test_what_a_change_breaks_is_counted_refused_and_taken_out_once_accepted(project, owner, submit):
    submit(RESULT)
    without = BOXES.replace('<Label value="cat"/>', "").replace('<TextArea name="note" toName="img"/>', "")

    _, _, breaks = preview_change(project=project, config=without)
    with pytest.raises(Conflict, match="cat"):
        services.set_config(project=project, actor=owner, config=without)
    services.set_config(project=project, actor=owner, config=without, accepts_loss=True)

    assert {(one.control, one.label, one.answers) for one in breaks} == {("label", "cat", 1), ("note", "", 1)}
    now = Annotation.objects.get(is_current=True)
    assert (now.result, now.value) == ([box("b", "dog")], "dog")


@db
def test_many_answers_follow_in_a_job(project, owner, submit, monkeypatch, run_jobs):
    submit(RESULT)
    monkeypatch.setattr(renames, "AT_ONCE", 1)
    changes = {"label": [LabelChange("kitten", old="cat"), LabelChange("dog", old="dog")]}

    edit_schema(project=project, actor=owner, changes=changes)
    waiting = Annotation.objects.get(is_current=True).value
    [job] = run_jobs()

    assert (waiting, job.state, job.kind) == ("cat, dog", Job.State.SUCCEEDED, "relabel")
    assert Annotation.objects.get(is_current=True).value == "dog, kitten"


@db
def test_classes_of_a_custom_configuration_change_within_it(project, owner, schema):
    services.change_schema(project=project, actor=owner, classes=["dog", "owl"])

    config = selectors.get_schema(project).config
    assert selectors.get_schema(project).classes == ["dog", "owl"]
    assert 'perRegion="true"' in config
    assert LabelSchema.objects.count() == 2


def test_a_renamed_branch_takes_everything_below_it_along():
    tree = find_template("taxonomy").config
    old = parse_interface(tree, "text_labelling")
    new = parse_interface(tree.replace("Sports", "Games"), "text_labelling")
    value = {"taxonomy": [["Sports", "Tennis"]]}
    said = {"from_name": "label", "to_name": "item", "type": "taxonomy", "value": value}

    change = compare_interfaces(old, new, {"label": {"Sports": "Games"}})

    assert change == SchemaChange(renamed={"label": {"Sports": "Games"}})
    assert migrate_result([said], change, new)[0]["value"] == {"taxonomy": [["Games", "Tennis"]]}


def test_rows_of_several_fields_survive_the_way_in_and_out():
    series = {"time": [1, 2, 3], "value": [0.5, 1.5, 2]}
    interface = parse_interface(find_template("series").config)

    content = read_content(interface, {"series": series, "note": "x"})

    assert content.row is not None
    row = {"series": '{"time":[1,2,3],"value":[0.5,1.5,2]}', "note": "x"}
    assert build_data(interface, text="", row=row, address="") == {"series": series, "note": "x"}
    assert pick_fields(interface, text="", row=row, extra=None) == {"series": series}
