"""Labels that stand inside each other: one name in several branches, told apart by the way to it."""

from __future__ import annotations

import pytest

from lifecycle.annotations import selectors, services
from lifecycle.annotations.models import Annotation
from lifecycle.annotations.schema_rules import compare_interfaces, migrate_result
from lifecycle.annotations.services.schemas import edit_schema, preview_change
from lifecycle.annotations.uses import count_uses
from lifecycle.common.errors import DomainError
from lifecycle.contracts.label_interface import parse_interface
from lifecycle.contracts.label_interface.editing import LabelChange
from lifecycle.datasets.models import Dataset
from tests import factories

db = pytest.mark.django_db
TREE = """<View><Text name="t" value="$text"/><Taxonomy name="topic" toName="t">
<Choice value="A"><Choice value="one"/><Choice value="other"/></Choice>
<Choice value="B"><Choice value="other"/></Choice></Taxonomy></View>"""
CHOICES = TREE.replace("Taxonomy", "Choices").replace('toName="t"', 'toName="t" choice="multiple"')
PATHS = ["A", "A / one", "A / other", "B", "B / other"]


def keep(**renamed):
    """Every label as it is, but for those of `renamed`, whose keys are paths with _ between their steps."""
    names = {old.replace("_", " / "): new for old, new in renamed.items()}
    return [LabelChange(names.get(path, path.split(" / ")[-1]), old=path) for path in PATHS]


def say(*labels, kind="taxonomy"):
    return [{"from_name": "label", "to_name": "item", "type": kind, "value": {kind: list(labels)}}]


@pytest.fixture
def make(owner):
    """make(config, *results) is a project in which somebody answered so."""

    def build(config, *results):
        project = factories.ProjectFactory(owner=owner, problem_type="text_labelling")
        services.set_config(project=project, actor=owner, config=config)
        dataset = Dataset.objects.get(project=project)
        collection = factories.CollectionFactory(dataset=dataset)
        for _ in results:
            factories.ItemFactory(dataset=dataset, collection=collection)
        services.open_tasks(collection=collection)
        tasks = services.lease_next(project=project, user=owner, count=len(results) or 1)
        for task, result in zip(tasks, results, strict=False):
            services.submit(project=project, user=owner, task_id=task.pk, result=result)
        return project

    return build


def list_said(project):
    current = Annotation.objects.filter(task__dataset__project=project, is_current=True).order_by("task")
    return [next(iter(entry["value"].values())) for answer in current for entry in answer.result]


@db
@pytest.mark.parametrize(("config", "kind"), [(TREE, "taxonomy"), (CHOICES, "choices")])
def test_a_name_may_stand_in_two_branches_and_one_of_them_be_renamed(make, owner, config, kind):
    project = make(config, say(["A", "other"], kind=kind), say(["B", "other"], kind=kind))

    edit_schema(project=project, actor=owner, changes={"label": keep(A_other="elsewhere")})

    assert list_said(project) == [[["A", "elsewhere"]], [["B", "other"]]]
    paths = [label.path for label in selectors.get_interface(project).main_control.labels]
    assert paths == [("A",), ("A", "one"), ("A", "elsewhere"), ("B",), ("B", "other")]
    assert selectors.get_schema(project).classes == ["A", "one", "elsewhere", "B", "other"]


@db
def test_a_label_and_the_one_above_it_are_renamed_at_once(make, owner):
    project = make(TREE, say(["A", "other"]), say(["A", "one"]))

    edit_schema(project=project, actor=owner, changes={"label": keep(A="Z", A_other="rest")})

    assert list_said(project) == [[["Z", "rest"]], [["Z", "one"]]]
    assert set(Annotation.objects.filter(is_current=True).values_list("value", flat=True)) == {"Z / rest", "Z / one"}


@db
def test_branches_become_one(make, owner):
    project = make(TREE, say(["B", "other"]), say(["A", "one"]), say(["B"]))

    edit_schema(project=project, actor=owner, changes={"label": keep(B="A")})

    assert list_said(project) == [[["A", "other"]], [["A", "one"]], [["A"]]]
    assert len(selectors.get_interface(project).main_control.labels) == 3


@db
def test_choices_that_are_said_by_their_last_step_follow(make, owner):
    project = make(CHOICES, say("one", kind="choices"), say("other", kind="choices"))

    edit_schema(project=project, actor=owner, changes={"label": keep(A_one="first", A_other="elsewhere")})

    assert list_said(project) == [["first"], ["other"]]  # there still is one of that name
    uses = count_uses(project, selectors.get_interface(project)).labels["label"]
    assert uses == {"A / first": 1, "B / other": 1}


@db
def test_a_choice_that_answers_say_by_its_last_step_is_not_dropped_unheard(make):
    project = make(CHOICES, say("one", kind="choices"))

    _, _, breaks = preview_change(project=project, config=CHOICES.replace('<Choice value="one"/>', ""))

    assert [(one.label, one.answers) for one in breaks] == [("A / one", 1)]


@db
def test_answers_move_to_another_branch(make, owner):
    project = make(TREE, say(["A", "other"]), say(["B", "other"]))
    without = TREE.replace('<Choice value="one"/><Choice value="other"/>', '<Choice value="one"/>')

    with pytest.raises(DomainError, match="A / other"):
        services.set_config(project=project, actor=owner, config=without)
    renames = {"label": {"A / other": "B / other"}}
    services.set_config(project=project, actor=owner, config=without, renames=renames)

    assert list_said(project) == [[["B", "other"]], [["B", "other"]]]


@db
def test_labels_are_added_below_others_and_go_with_them(make, owner):
    project = make(TREE)
    changes = [*keep(), LabelChange("B / new"), LabelChange("C / x / y")]

    edit_schema(project=project, actor=owner, changes={"label": changes})
    added = [" / ".join(label.path) for label in selectors.get_interface(project).main_control.labels]
    left = [LabelChange(path.split(" / ")[-1], old=path) for path in added if not path.startswith("C")]
    edit_schema(project=project, actor=owner, changes={"label": left})

    assert added == [*PATHS, "B / new", "C", "C / x", "C / x / y"]
    assert [" / ".join(one.path) for one in selectors.get_interface(project).main_control.labels] == [*PATHS, "B / new"]


@db
def test_classes_by_their_names_mean_every_branch(make, owner):
    project = make(TREE, say(["A", "other"]), say(["B", "other"]))

    classes = ["A", "one", "rest", "B"]
    services.change_schema(project=project, actor=owner, classes=classes, renames={"other": "rest"})

    assert list_said(project) == [[["A", "rest"]], [["B", "rest"]]]


def test_a_job_that_was_queued_by_an_earlier_release_is_read():
    old = parse_interface(TREE, "text_labelling")
    new = parse_interface(TREE.replace('value="B"', 'value="C"'), "text_labelling")

    change = compare_interfaces(old, new, {"label": {"B": "C"}})
    again = type(change).from_json({key: value for key, value in change.to_json().items() if key != "steps"})

    assert migrate_result(say(["B", "other"]), again, new) == say(["C", "other"])
