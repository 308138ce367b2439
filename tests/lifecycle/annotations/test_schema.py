"""Schemas: versions, renames, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.annotations import rules, selectors, services
from lifecycle.annotations.models import Annotation, LabelSchema
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import get_problem_type

db = pytest.mark.django_db


@db
def test_the_same_classes_again_make_no_new_version(project, owner, schema):
    again = services.create_schema(project=project, classes=["cat", "dog", "owl"], created_by=owner)

    assert again == schema
    assert LabelSchema.objects.count() == 1


@db
def test_an_import_adds_only_the_classes_that_are_new(project, owner, schema):
    extended = services.extend_classes(project=project, names=["dog", "fox", "fox"], created_by=owner)

    assert (extended.version, extended.classes) == (2, ["cat", "dog", "owl", "fox"])


@db
def test_a_rename_keeps_the_old_versions_of_the_answers(project, owner, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    old = answer(owner, task, "dog")

    services.change_schema(project=project, actor=owner, classes=["cat", "hound", "owl"], renames={"dog": "hound"})

    task.item.refresh_from_db()
    new = Annotation.objects.get(is_current=True)
    assert (new.previous, new.value, new.schema_version) == (old, "hound", 2)
    assert new.result == rules.build_result("class", "hound")
    assert (task.item.label, task.item.label_annotation_id) == ("hound", new.pk)


@db
def test_two_classes_become_one_by_renaming_one_into_the_other(project, owner, make_tasks, answer):
    one, two = make_tasks(2)
    services.lease_next(project=project, user=owner, count=2)
    answer(owner, one, "dog")
    answer(owner, two, "cat")

    services.change_schema(project=project, actor=owner, classes=["cat", "owl"], renames={"dog": "cat"})

    assert selectors.count_class_uses(project, ["cat", "dog"]) == {"cat": 2}


@db
def test_a_change_on_top_of_an_older_version_is_refused(project, owner, schema):
    services.change_schema(project=project, actor=owner, classes=["cat", "dog"], based_on=1)

    with pytest.raises(Conflict):
        services.change_schema(project=project, actor=owner, classes=["cat"], based_on=1)


@pytest.mark.parametrize("classes", [["a", "a"], ["x" * 201], [f"class {n}" for n in range(1_001)]])
@db
def test_class_lists_that_make_no_sense_are_refused(project, owner, classes):
    with pytest.raises(DomainError):
        services.create_schema(project=project, classes=classes, created_by=owner)


TEXT = '<Text name="item" value="$text"/>'


@pytest.mark.parametrize(
    "config, reason",
    [
        ("<View>", "well-formed"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><View>&a;</View>', "document type"),
        (f'<View>{TEXT}<Labels name="label" toName="item"><Label value="a"/></Labels></View>', "<Labels>"),
        ('<View><Image name="item" value="$image"/></View>', "<Image>"),
        (f'<View>{TEXT}<Choices name="other" toName="that"><Choice value="a"/></Choices></View>', "that"),
        (f'<View>{TEXT}<Video name="other" value="$v"/></View>', "<Video>"),
        (
            f'<View>{TEXT}<Choices name="label" toName="item" choice="multiple"><Choice value="a"/></Choices></View>',
            "multiple",
        ),
    ],
)
def test_a_configuration_is_refused_by_what_is_wrong_with_it(config, reason):
    with pytest.raises(DomainError) as refused:
        services.parse_config("text_classification", config)

    assert reason in refused.value.message


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30), min_size=1, unique=True)
)
def test_classes_survive_the_way_through_the_configuration(classes):
    config = get_problem_type("text_classification").build_label_config(classes)

    assert services.parse_config("text_classification", config) == classes


_results = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["cat", "dog", "fox", "label", "item", "choices"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["from_name", "to_name", "type", "value", "choices"]), inner, max_size=5)
    ),
)


@settings(deadline=None)
@given(_results)
def test_what_is_taken_as_an_answer_is_one_for_label_studio_too(result):
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface(get_problem_type("text_classification").build_label_config(["cat", "dog"]))
    try:
        value = rules.read_value("class", ["cat", "dog"], result)
    except ValueError:
        return
    assert value in {"cat", "dog"}
    assert interface.validate_annotation({"result": [{"id": "1", **region} for region in result]})
