"""Agreement of what is said of regions and of relations between them; the figures are worked out by hand."""

from __future__ import annotations

import datetime

import orjson
import pytest

from lifecycle.annotations import region_links
from lifecycle.annotations.services import agreement

ANN, BEN, CEM = 1, 2, 3


def box(region, x, y, width=10, height=10, label="car"):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}
    return {"id": region, "type": "rectanglelabels", "from_name": "box", "to_name": "image", "value": value,
            "original_width": 100, "original_height": 100}  # fmt: skip


def color(region, name):
    value = {"choices": [name]}
    return {"id": region, "type": "choices", "from_name": "color", "to_name": "image", "value": value}


def lead(source, target, *labels, direction="right"):
    return {"type": "relation", "from_id": source, "to_id": target, "direction": direction, "labels": list(labels)}


def compare(monkeypatch, *items):
    """The report of items that people answered: {person: result} each."""
    when = datetime.datetime(2026, 1, 7, tzinfo=datetime.UTC)
    rows = [
        [
            (task, task, user, task * 10 + user, None, orjson.dumps(result).decode(), when)
            for user, result in said.items()
        ]
        for task, said in enumerate(items, 1)
    ]
    monkeypatch.setattr(agreement, "iterate_own_answers", lambda _: iter(rows))
    return agreement.compare_answers(None)["controls"]


ANNS = [box("a1", 0, 0), box("a2", 50, 50), color("a1", "red"), color("a2", "blue"), lead("a1", "a2", "pulls")]
BENS = [
    box("b3", 20, 80), box("b2", 50, 50, height=8), box("b1", 0, 0, label="bus"), color("b1", "red"),
    color("b2", "green"), color("b3", "blue"), lead("b1", "b2", "pulls"), lead("b2", "b3", "sees"),
]  # fmt: skip


@pytest.mark.django_db
def test_what_is_said_of_regions_is_compared_where_both_drew_the_same_thing(monkeypatch):
    found = compare(monkeypatch, {ANN: ANNS, BEN: BENS})

    # units (red, red) and (blue, green); observed 2 of 4 apart, expected 10 of 12: alpha = 1 - 0.5 / (10/12)
    assert (found["color"]["items"], found["color"]["percent"]) == (2, 0.5)
    assert found["color"]["alpha"] == pytest.approx(0.4)
    assert found["color"]["is_of_regions"] is True
    assert list(found) == ["box", "color", agreement.RELATIONS]  # the same order each time
    assert found["box"]["f1"] == pytest.approx(2 * 1 / (2 + 3))  # one of two matches has the same class


@pytest.mark.django_db
def test_relations_agree_by_their_matched_ends_and_their_label(monkeypatch):
    found = compare(monkeypatch, {ANN: ANNS, BEN: BENS})[agreement.RELATIONS]

    assert (found["kind"], found["f1"]) == ("relations", pytest.approx(2 * 1 / (1 + 2)))
    classes = {row["name"]: row["agreed"] for row in found["classes"]}
    assert classes == {"pulls": 1.0, "sees": 0.0}


@pytest.mark.django_db
def test_three_people_are_compared_by_twos(monkeypatch):
    cems = [box("c1", 0, 0), color("c1", "red"), lead("c1", "c9", "pulls")]

    found = compare(monkeypatch, {ANN: ANNS, BEN: BENS, CEM: cems})

    assert (found["color"]["items"], found["color"]["percent"]) == (4, 0.75)  # red thrice by twos, blue and green
    # pairs: 1 of (1 + 2), 0 of (1 + 1), 0 of (2 + 1)
    assert found[agreement.RELATIONS]["f1"] == pytest.approx(2 * 1 / (3 + 2 + 3))


@pytest.mark.parametrize(
    ("mine", "theirs", "f1"),
    [
        ([lead("a", "b", "x")], [lead("B", "A", "x", direction="left")], 1.0),
        ([lead("a", "b", "x", direction="bi")], [lead("B", "A", "x", direction="bi")], 1.0),
        ([lead("a", "b", "x")], [lead("B", "A", "x")], 0.0),
        ([lead("a", "b", "x", "y")], [lead("A", "B", "y")], 2 / 3),
        ([lead("a", "b")], [lead("A", "B")], 1.0),
        ([lead("a", "c", "x")], [lead("a", "c", "x")], 0.0),  # of regions that were not matched, whatever their ids
        ([], [], 1.0),
    ],
)
def test_directions_labels_and_strange_ends(mine, theirs, f1):
    assert region_links.compare_relations(mine, theirs, {"a": "A", "b": "B"}).f1 == pytest.approx(f1)


def test_regions_on_different_pictures_are_not_the_same_thing():
    first, second = [box("a", 0, 0)], [box("b", 0, 0) | {"to_name": "other"}]

    assert region_links.match_places(region_links.read_places(first), region_links.read_places(second)) == {}
    assert region_links.compare_relations([lead("a", "a", "x")], [lead("a", "a", "x")], {}).f1 == 0.0
