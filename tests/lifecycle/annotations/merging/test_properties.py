"""What holds for every tag, whatever people say."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.annotations.merging import Answer, Learner, Majority, keep_valid, merge
from lifecycle.contracts.label_interface import CONTROLS, Interface, parse_interface
from lifecycle.contracts.label_interface.values import find_key
from tests.workers.engines.labels.test_round_trip import make_interface, results

TAGS = [tag for tag in CONTROLS if tag != "Relations"]
SOME = settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)


def number(results: Sequence[list]) -> list[Answer]:
    return [Answer(10 + n, n, result) for n, result in enumerate(results)]


def list_labels(interface: Interface, entries) -> set[str]:
    """Everything that the entries choose or name."""
    found = set()
    for entry in entries:
        control = interface.by_name.get(entry.get("from_name", ""))
        said = entry["value"].get(find_key(control, entry)) if control else entry.get("labels")
        found |= {f"{control.name if control else ''}: {one}" for one in (said if isinstance(said, list) else [said])}
    return found


def list_judges(interface: Interface, answers: list[Answer]):
    learner = Learner(interface)
    learner.add(answers)
    return Majority(), learner.learn()


@pytest.mark.parametrize("tag", TAGS)
def test_answers_that_are_all_the_same_come_to_that_answer(tag):
    interface = make_interface(tag)

    @SOME
    @given(results(tag, interface), st.integers(2, 4))
    def check(result, count):
        own = interface.swap_names(result)
        answers = number([own] * count)

        for judge in list_judges(interface, answers):
            merged = merge(interface, answers, judge)
            assert interface.compare_key(merged.result) == interface.compare_key(own)
            if isinstance(judge, Majority) and type(judge) is Majority:
                assert merged.posterior == 1.0

    check()


@pytest.mark.parametrize("tag", TAGS)
def test_what_comes_out_is_valid_and_said_by_somebody_in_whatever_order_the_answers_come(tag):
    interface = make_interface(tag)

    @SOME
    @given(st.lists(results(tag, interface), min_size=1, max_size=4), st.randoms(use_true_random=False))
    def check(given, rng: random.Random):
        answers = number([interface.swap_names(result) for result in given])
        shuffled = list(answers)
        rng.shuffle(shuffled)

        for judge in list_judges(interface, answers):
            merged = merge(interface, answers, judge)
            assert merge(interface, shuffled, judge) == merged
            interface.check_result(merged.result)
            said = set().union(*(list_labels(interface, one.entries) for one in answers))
            assert list_labels(interface, merged.result) <= said
            assert 0.0 <= merged.posterior <= 1.0

    check()


@pytest.mark.parametrize("tag", TAGS)
def test_what_the_schema_does_not_allow_any_more_is_left_out_and_the_rest_kept(tag):
    interface = make_interface(tag)
    stray = {"from_name": "gone", "to_name": "item", "type": "choices", "value": {"choices": ["x"]}}

    @SOME
    @given(results(tag, interface))
    def check(result):
        own = interface.swap_names(result)
        assert keep_valid(interface, own) == (own, True)
        assert keep_valid(interface, [stray, *own]) == (own, False)

    check()


SEVERAL = parse_interface(
    """<View><Image name="item" value="$image"/>
    <Choices name="tags" toName="item" choice="multiple" required="true"><Choice value="a"/><Choice value="b"/>
    </Choices>
    <Number name="count" toName="item" visibleWhen="choice-selected" whenTagName="tags" whenChoiceValue="a"/>
    <RectangleLabels name="label" toName="item"><Label value="red"/><Label value="white"/></RectangleLabels>
    <EllipseLabels name="round" toName="item" choice="multiple"><Label value="big"/><Label value="far"/></EllipseLabels>
    <Choices name="how" toName="item" perRegion="true"><Choice value="sharp"/><Choice value="dim"/></Choices>
    <Relations><Relation value="of"/><Relation value="on"/></Relations></View>""",
    "object_detection",
)


def _enter(name: str, value: dict, **more) -> dict:
    control = SEVERAL.by_name[name]
    return {"from_name": name, "to_name": "item", "type": control.type, "value": value, **more}


@st.composite
def several(draw) -> list[dict]:
    """An answer to a configuration that asks several things, of shapes that often meet."""
    tags = draw(st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True))
    found = [_enter("tags", {"choices": tags})]
    if "a" in tags and draw(st.booleans()):
        found.append(_enter("count", {"number": draw(st.sampled_from([1, 2, 2.05, 40]))}))
    ids = []
    for n, (place, kind) in enumerate(draw(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=4))):
        ids.append(f"x{n}")
        flat = {"x": 20 + 4 * place, "y": 30}
        if kind:
            names = draw(st.sampled_from([["red"], ["white"]]))
            found.append(_enter("label", {**flat, "width": 10, "height": 10, "rectanglelabels": names}, id=ids[-1]))
        else:
            names = draw(st.sampled_from([["big"], ["far"], ["big", "far"]]))
            found.append(_enter("round", {**flat, "radiusX": 9, "radiusY": 5, "ellipselabels": names}, id=ids[-1]))
        if draw(st.booleans()):
            found.append(_enter("how", {"choices": [draw(st.sampled_from(["sharp", "dim"]))]}, id=ids[-1]))
    for _ in range(draw(st.integers(0, 2)) if len(ids) > 1 else 0):
        ends = draw(st.permutations(ids))[:2]
        labels = draw(st.lists(st.sampled_from(["of", "on"]), unique=True))
        direction = draw(st.sampled_from(["left", "right", "bi"]))
        found.append(
            {"type": "relation", "from_id": ends[0], "to_id": ends[1], "direction": direction, "labels": labels}
        )
    return SEVERAL.check_result(found)


@settings(SOME, max_examples=80)
@given(st.lists(several(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_several_questions_come_to_one_valid_result(given, rng: random.Random):
    answers = number(given)
    shuffled = list(answers)
    rng.shuffle(shuffled)

    for judge in list_judges(SEVERAL, answers):
        merged = merge(SEVERAL, answers, judge)
        assert merge(SEVERAL, shuffled, judge) == merged
        SEVERAL.check_result(merged.result)
        SEVERAL.check_complete(merged.result)
        said = set().union(*(list_labels(SEVERAL, one.entries) for one in answers))
        assert list_labels(SEVERAL, merged.result) <= said
        same = merge(SEVERAL, number([given[0]] * 3), judge)
        assert SEVERAL.compare_key(same.result) == SEVERAL.compare_key(given[0])
