"""What holds for every tag, whatever people say."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.annotations.merging import Answer, Learner, Majority, keep_valid, merge
from lifecycle.contracts.label_interface import CONTROLS, Interface
from lifecycle.contracts.label_interface.values import find_key
from tests.workers.engines.labels.test_round_trip import make_interface, results

TAGS = [tag for tag in CONTROLS if tag != "Relations"]
SOME = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
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
