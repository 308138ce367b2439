"""What the charts of a profile say of unusual data."""

from __future__ import annotations

from webapp.charts.exploration import draw_sources, draw_together


def test_imports_without_classes_are_drawn_as_counts_not_as_shares_of_themselves():
    sources = [{"collection": 1, "items": 90, "labels": {}}, {"collection": 2, "items": 10, "labels": {}}]

    drawn = draw_sources(sources, {1: "a.csv", 2: "b.csv"}, "/gallery")

    [trace] = drawn["data"]
    assert (trace["name"], trace["x"]) == ("items", [90, 10])
    assert "barnorm" not in drawn["layout"] and "ticksuffix" not in drawn["layout"]["xaxis"]


def test_imports_with_classes_are_drawn_as_shares():
    sources = [{"collection": 1, "items": 3, "labels": {"cat": 2}}, {"collection": 2, "items": 1, "labels": {}}]

    drawn = draw_sources(sources, {}, "/gallery")

    assert [(trace["name"], trace["x"]) for trace in drawn["data"]] == [("cat", [2, 0]), ("others", [1, 1])]
    assert drawn["layout"]["barnorm"] == "percent"


def test_imports_of_one_name_and_size_stay_apart_and_long_names_leave_room_for_the_bars():
    sources = [{"collection": n, "items": 2, "labels": {}} for n in (1, 2, 3)]

    [trace] = draw_sources(sources, {1: "Weekly", 2: "Weekly", 3: "A name " * 20}, "/gallery")["data"]

    assert trace["y"] == ["Weekly (2) #1", "Weekly (2) #2", "A name A name A name A… (2)"]


def test_classes_that_come_together_often_are_the_darkest_from_none_on():
    (trace,) = draw_together([("cat", "dog", 340), ("dog", "owl", 2)])["data"]

    assert trace["z"] == [[None, 340, None], [340, None, 2], [None, 2, None]]
    assert (trace["zmin"], trace["zmax"], trace["text"][0]) == (0, 340, ["", "340", ""])
    assert [at for at, _ in trace["colorscale"]] == [0, 1] and "0.05" in trace["colorscale"][0][1]
    assert draw_together([]) is None
