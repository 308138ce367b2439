"""Regions that several people drew, by hand: which belong, what they are called, where they lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.annotations.merging import Answer, Majority, Skilled, merge
from lifecycle.annotations.merging.model import Drawn
from lifecycle.annotations.merging.places import find_place, list_matches
from lifecycle.annotations.region_agreement import measure_overlap, read_regions
from tests.lifecycle.annotations.merging.shapes import CELLS, ask, box, combine
from workers.engines.labels_export import brush

SPANS = ask('<Labels name="label" toName="item"><Label value="PER"/><Label value="LOC"/></Labels>')


def span(label: str, start: int, end: int) -> dict:
    value = {"start": start, "end": end, "text": "x" * (end - start), "labels": [label]}
    return {"id": f"{start}-{end}", "from_name": "label", "to_name": "item", "type": "labels", "value": value}


def drawn(merged) -> list[tuple]:
    """(name, left edge) of every region."""
    return [(entry["value"]["rectanglelabels"][0], entry["value"]["x"]) for entry in merged.result]


def spans(merged) -> list[tuple]:
    return [(one["value"]["labels"][0], one["value"]["start"], one["value"]["end"]) for one in merged.result]


def test_what_half_of_the_people_drew_is_kept_and_the_rest_is_not():
    merged = combine(
        CELLS,
        [box("red", 10, 10), box("white", 50, 50)],
        [box("red", 11, 10), box("white", 51, 50), box("red", 80, 80)],
        [box("red", 12, 10)],
    )

    assert drawn(merged) == [("red", 11), ("white", 51)]  # the middle one; of two, the one drawn last
    kept = [(part.said, round(part.posterior, 2), part.annotations) for part in merged.parts if part.is_kept]
    assert kept == [("red", 1.0, (11, 12, 13)), ("white", 0.67, (11, 12))]
    left_out = [part for part in merged.parts if not part.is_kept]
    assert [(part.said, part.annotations) for part in left_out] == [("red", (12,))]
    assert left_out[0].posterior == pytest.approx(2 / 3) and merged.posterior == pytest.approx(2 / 3)


def test_the_name_is_voted_on_and_the_place_is_somebodys():
    merged = combine(CELLS, [box("white", 10, 10)], [box("red", 12, 10)], [box("white", 14, 10)])  # the ends: 0.43

    assert drawn(merged) == [("white", 12)]
    assert merged.posterior == pytest.approx(2 / 3)  # of the name; all three drew it


def test_nobody_is_twice_in_one_region():
    merged = combine(CELLS, [box("red", 10, 10), box("red", 12, 10)], [box("red", 11, 10)])

    assert [part.annotations for part in merged.parts] == [(11, 12), (11,)]
    assert len(merged.result) == 2  # of two people each is half


def test_a_chain_of_neighbors_is_not_one_thing():
    merged = combine(CELLS, *([box("red", x, 10)] for x in (10, 13, 16, 19)))

    assert drawn(merged) == [("red", 13)]  # the last overlaps it by a quarter
    assert [part.annotations for part in merged.parts] == [(11, 12, 13), (14,)]


def test_nothing_marked_by_most_is_nothing():
    merged = combine(CELLS, [], [box("red", 10, 10)], [])

    assert merged.result == [] and merged.posterior == pytest.approx(2 / 3)
    assert CELLS.read_value(merged.result) == "(nothing)"


def test_boxes_of_different_questions_are_never_the_same_thing():
    both = ask(
        '<RectangleLabels name="label" toName="item"><Label value="red"/></RectangleLabels>'
        '<RectangleLabels name="other" toName="item"><Label value="red"/></RectangleLabels>',
        '<Image name="item" value="$image"/>',
    )

    merged = combine(both, [box("red", 10, 10)], [box("red", 10, 10, from_name="other")], [])

    assert merged.result == [] and len(merged.parts) == 2


@pytest.mark.parametrize(
    ("type", "tag", "values"),
    [
        (
            "polygonlabels",
            "PolygonLabels",
            [{"points": [[n, 0], [n + 20, 0], [n + 20, 20], [n, 20]]} for n in range(3)],
        ),
        ("ellipselabels", "EllipseLabels", [{"x": 30 + n, "y": 30, "radiusX": 10, "radiusY": 10} for n in range(3)]),
        ("keypointlabels", "KeyPointLabels", [{"x": 30 + n / 10, "y": 30, "width": 1} for n in range(3)]),
    ],
)
def test_every_shape_is_matched_by_its_own_measure(type, tag, values):
    schema = ask(f'<{tag} name="label" toName="item"><Label value="a"/></{tag}>', '<Image name="item" value="$image"/>')
    answers = [[box("a", 0, 0, type=type) | {"value": value | {type: ["a"]}}] for value in values]

    merged = combine(schema, *answers)

    assert [entry["value"] for entry in merged.result] == [values[1] | {type: ["a"]}] and merged.posterior == 1.0


def test_masks_are_compared_by_their_paint():
    schema = ask(
        '<BrushLabels name="label" toName="item"><Label value="a"/></BrushLabels>', '<Image name="item" value="$i"/>'
    )

    def paint(*columns: int) -> list[dict]:
        mask = np.zeros((25, 40), bool)
        mask[5:15, columns[0] : columns[1]] = True
        value = {"format": "rle", "rle": brush.encode(mask), "brushlabels": ["a"]}
        return [{"id": "m", "from_name": "label", "to_name": "item", "type": "brushlabels", "value": value,
                 "original_width": 40, "original_height": 25}]  # fmt: skip

    merged = combine(schema, paint(0, 10), paint(1, 11), paint(2, 12), paint(30, 40))

    assert [entry["value"] for entry in merged.result] == [paint(1, 11)[0]["value"]]
    assert [part.annotations for part in merged.parts] == [(11, 12, 13), (14,)]


def test_spans_that_overlap_are_the_same_and_the_middle_one_stands():
    merged = combine(
        SPANS,
        [span("PER", 0, 4), span("LOC", 20, 26)],
        [span("PER", 0, 8), span("LOC", 20, 26)],
        [span("LOC", 0, 8)],
    )

    assert spans(merged) == [("PER", 0, 8), ("LOC", 20, 26)]
    assert merged.posterior == pytest.approx(2 / 3)


def test_dates_of_a_series_are_moments():
    series = ask(
        '<TimeSeriesLabels name="label" toName="item"><Label value="a"/></TimeSeriesLabels>',
        '<TimeSeries name="item" value="$csv" timeColumn="t"><Channel column="v"/></TimeSeries>',
    )

    def period(start: str, end: str) -> list[dict]:
        value = {"start": start, "end": end, "instant": False, "timeserieslabels": ["a"]}
        return [{"id": "p", "from_name": "label", "to_name": "item", "type": "timeserieslabels", "value": value}]

    given = [period("2026-01-01", end) for end in ("2026-01-05", "2026-01-06", "2026-01-07T12:00:00")]

    assert combine(series, *given).result[0]["value"]["end"] == "2026-01-06"


def test_sounds_of_two_channels_are_apart():
    sound = ask('<Labels name="label" toName="item"><Label value="a"/></Labels>', '<Audio name="item" value="$a"/>')

    def heard(channel: int) -> list[dict]:
        value = {"start": 0.5, "end": 2.5, "channel": channel, "labels": ["a"]}
        return [{"id": "s", "from_name": "label", "to_name": "item", "type": "labels", "value": value}]

    assert combine(sound, heard(0), heard(1), []).result == []


def test_what_is_said_of_a_region_is_settled_among_those_who_drew_it():
    schema = ask(
        '<RectangleLabels name="label" toName="item"><Label value="red"/></RectangleLabels>'
        '<Choices name="how" toName="item" perRegion="true" required="true"><Choice value="sharp"/>'
        '<Choice value="blurred"/></Choices>',
        '<Image name="item" value="$image"/>',
    )

    def with_note(x: float, how: str) -> list[dict]:
        note = {"id": "r", "from_name": "how", "to_name": "item", "type": "choices", "value": {"choices": [how]}}
        return [box("red", x, 10, id="r"), note]

    merged = combine(schema, with_note(10, "sharp"), with_note(11, "blurred"), with_note(12, "blurred"), [])

    assert [entry["id"] for entry in merged.result] == ["r1", "r1"]
    assert merged.result[1]["value"] == {"choices": ["blurred"]}
    assert merged.parts[1].region == "r1" and merged.parts[1].posterior == pytest.approx(2 / 3)


def test_relations_follow_where_both_ends_were_kept():
    schema = ask(
        '<RectangleLabels name="label" toName="item"><Label value="red"/></RectangleLabels>'
        '<Relations><Relation value="of"/><Relation value="on"/></Relations>',
        '<Image name="item" value="$image"/>',
    )

    def linked(x: float, direction: str = "right", *labels: str, extra: bool = False) -> list[dict]:
        found = [box("red", x, 10, id="a"), box("red", x, 50, id="b"), box("red", x, 80, id="c")]
        ends = ("b", "a") if direction == "left" else ("a", "b")
        link = {"type": "relation", "from_id": ends[0], "to_id": ends[1], "direction": direction, "labels": [*labels]}
        lost = {"type": "relation", "from_id": "a", "to_id": "d", "direction": "right", "labels": ["on"]}
        return [*found, link, *([box("red", 80, 80, id="d"), lost] if extra else [])]

    merged = combine(schema, linked(10, "right", "of", extra=True), linked(11, "left", "of"), linked(12, "bi", "on"))

    [relation] = [entry for entry in merged.result if entry["type"] == "relation"]
    assert relation == {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right", "labels": ["of"]}
    part = next(part for part in merged.parts if part.control == "relations")
    assert part.annotations == (11, 12) and part.posterior == pytest.approx(2 / 3)


def test_a_relation_that_few_drew_does_not_stand():
    schema = ask(
        '<RectangleLabels name="label" toName="item"><Label value="red"/></RectangleLabels>'
        '<Relations><Relation value="of"/></Relations>',
        '<Image name="item" value="$image"/>',
    )
    two = [box("red", 10, 10, id="a"), box("red", 10, 50, id="b")]
    link = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": []}

    merged = combine(schema, [*two, link], two, two)

    assert len(merged.result) == 2 and merged.posterior == pytest.approx(2 / 3)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.sampled_from(["box", "turned", "ellipse", "polygon", "point", "empty"]),
                          *[st.integers(0, 30)] * 2, *[st.integers(1, 20)] * 2), min_size=2, max_size=6))  # fmt: skip
def test_matches_are_those_that_agreement_finds(drawn):
    """Bounds and short cuts leave nothing out and let nothing in."""
    placed = [find_place(Drawn(n, n, 0, "", (draw(*one),))) for n, one in enumerate(drawn)]
    regions = [read_regions([one.drawn.main])[0] for one in placed]
    same = [placed[0].word == one.word for one in placed[1:]]

    found = {j: overlap for _, j, overlap in list_matches(placed[:1], placed[1:], 0.3)}

    wanted = [
        1.0 if is_same else measure_overlap(regions[0], one) for is_same, one in zip(same, regions[1:], strict=True)
    ]
    for place, overlap in enumerate(wanted):
        if abs(overlap - 0.3) > 1e-9:
            assert (place in found) == (overlap >= 0.3)
        if place in found:
            assert found[place] == pytest.approx(overlap, abs=1e-9)


def draw(kind: str, x: int, y: int, width: int, height: int) -> dict:
    """A shape of any kind; an empty one is a polygon on a line."""
    flat = {"x": x, "y": y}
    if kind in ("box", "turned"):
        turn = 30 if kind == "turned" else 0
        return box("red", x, y) | {
            "value": {**flat, "width": width, "height": height, "rotation": turn, "rectanglelabels": ["a"]}
        }
    corners = [[x, y], [x + width, y + height], [x + width, y], [x, y + height]]  # crosses itself
    value, type = {
        "ellipse": ({**flat, "radiusX": width, "radiusY": height}, "ellipselabels"),
        "point": (flat, "keypointlabels"),
        "polygon": ({"points": corners}, "polygonlabels"),
        "empty": ({"points": [[x, y], [x + width, y], [x, y]]}, "polygonlabels"),
    }[kind]
    return box("red", x, y) | {"type": type, "value": value | {type: ["a"]}}


def test_weights_decide_what_half_is():
    trusted = Skilled(weights={"label": {1: 0.9, 2: 0.2, 3: 0.2}})
    answers = [Answer(11, 1, [box("red", 10, 10)]), Answer(12, 2, []), Answer(13, 3, [])]

    assert len(merge(CELLS, answers, trusted).result) == 1
    assert merge(CELLS, answers, Majority()).result == []


def test_a_region_inside_a_region_stays_inside_it():
    inner = box("white", 12, 12, 4, 4, id="in", parentID="out")

    merged = combine(CELLS, [box("red", 10, 10, id="out"), inner], [box("red", 10, 10, id="out"), inner])

    assert merged.result[1]["parentID"] == merged.result[0]["id"] == "r1"


def test_more_regions_than_a_result_may_have_leave_the_newest_answer_in_doubt(monkeypatch):
    monkeypatch.setattr("lifecycle.contracts.label_interface.checking.MAX_ENTRIES", 2)

    merged = combine(CELLS, [box("red", 10, 10), box("red", 10, 80)], [box("red", 50, 50), box("red", 80, 50)])

    assert drawn(merged) == [("red", 50), ("red", 80)] and merged.posterior == 0.0
