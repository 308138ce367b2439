"""An answer in words: what the main control says, else what there is beside it."""

from __future__ import annotations

import pytest

from lifecycle.annotations.answer_words import describe_answer
from lifecycle.contracts.label_interface import NOTHING


def region(kind: str, *labels: str, id: str = "r") -> dict:
    return {"id": id, "from_name": "mark", "to_name": "item", "type": kind, "value": {kind: list(labels), "x": 1}}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ([region("brushlabels", "cat")], "1 mask: cat"),
        ([region("brushlabels", name) for name in ("cat", "dog", "cat")], "3 masks: cat, dog"),
        ([region("rectanglelabels", "car")], "1 box: car"),
        ([region("polygonlabels", "car"), region("polygonlabels", "bus")], "2 polygons: car, bus"),
        ([region("ellipselabels", "eye"), region("keypointlabels", "nose")], "1 ellipse: eye; 1 key point: nose"),
        ([region("labels", "PER"), region("timeserieslabels", "run")], "1 span: PER; 1 stretch: run"),
        ([{"type": "rating", "from_name": "stars", "value": {"rating": 4}}], "stars 4"),
        ([{"type": "taxonomy", "from_name": "kind", "value": {"taxonomy": [["a", "b"], ["c"]]}}], "kind a / b, c"),
        ([{"type": "rectangle", "value": {"x": 1}}, "nonsense", {"type": "brushlabels"}], NOTHING),
        ([], NOTHING),
    ],
)
def test_an_answer_whose_main_control_says_nothing_is_told_by_the_others(result, words):
    assert describe_answer(NOTHING, result) == describe_answer(None, result) == words


def test_what_is_said_of_a_region_is_not_said_again_of_the_item():
    of_region = {"id": "r", "type": "choices", "from_name": "sure", "value": {"choices": ["yes"], "x": 1}}

    assert describe_answer(NOTHING, [region("brushlabels", "cat"), of_region]) == "1 mask: cat"


def test_the_main_control_has_the_word():
    assert describe_answer("dog", [region("brushlabels", "cat")]) == "dog"
