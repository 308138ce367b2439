"""Overlaps of drawn answers, and what is told from them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lifecycle.annotations import region_agreement as regions

FIXTURES = json.loads((Path(__file__).parent / "references/regions.json").read_bytes())["fixtures"]


def list_fixtures(statistic):
    return [given for given in FIXTURES if given["statistic"] == statistic]


def draw_box(x, y, width, height, label="car", rotation=0, size=(100, 100)):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": rotation, "rectanglelabels": [label]}
    return {"type": "rectanglelabels", "original_width": size[0], "original_height": size[1], "value": value}


def draw_polygon(points, label="car"):
    value = {"points": points, "polygonlabels": [label]}
    return {"type": "polygonlabels", "original_width": 100, "original_height": 100, "value": value}


def mark_span(start, end, label="name"):
    return {"type": "labels", "value": {"start": start, "end": end, "labels": [label]}}


def overlap(a, b):
    first, second = regions.read_regions([a, b])
    return regions.measure_overlap(first, second)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (draw_box(0, 0, 10, 10), draw_box(5, 0, 10, 10), 50 / 150),
        (draw_box(0, 0, 10, 10), draw_box(0, 0, 10, 10), 1),
        (draw_box(0, 0, 10, 10), draw_box(10, 0, 10, 10), 0),
        (draw_box(0, 0, 10, 10), draw_box(10, 0, 10, 10, rotation=90), 1),  # turned about its corner onto the other
        (draw_box(20, 20, 10, 10, size=(200, 50)), draw_box(20, 20, 5, 10, size=(200, 50)), 0.5),
        (draw_box(0, 0, 10, 10), draw_polygon([[0, 0], [10, 0], [0, 10]]), 0.5),
        # a U and the box in its gap touch nowhere; a box over its foot shares the foot
        (draw_polygon([[0, 0], [2, 0], [2, 8], [8, 8], [8, 0], [10, 0], [10, 10], [0, 10]]), draw_box(2, 0, 6, 8), 0),
        (
            draw_polygon([[0, 0], [2, 0], [2, 8], [8, 8], [8, 0], [10, 0], [10, 10], [0, 10]]),
            draw_box(0, 0, 10, 10),
            52 / 100,
        ),
    ],
)
def test_overlap_of_shapes_is_exact(a, b, expected):
    assert overlap(a, b) == pytest.approx(expected, abs=1e-9)
    assert overlap(b, a) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("given", list_fixtures("iou"))
def test_overlaps_equal_those_of_shapely(given):
    assert overlap(*given["pair"]) == pytest.approx(given["value"], abs=1e-9)


def mark_tags(tags):
    """IOB2 tags as spans; a token is as long as one character."""
    found = []
    for at, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append([at, at + 1, tag[2:]])
        elif tag.startswith("I-"):
            found[-1][1] = at + 1
    return regions.read_regions([mark_span(*one) for one in found])


@pytest.mark.parametrize("given", list_fixtures("span_f1"))
def test_f1_of_spans_equals_that_of_seqeval(given):
    tally = regions.compare(*map(mark_tags, given["tags"]), least=regions.EXACT)

    assert tally.f1 == pytest.approx(given["value"], abs=1e-9)


def test_overlap_of_any_polygons_is_what_a_fine_grid_counts():
    rng = np.random.default_rng(0)
    grid = (np.stack(np.meshgrid(np.arange(400), np.arange(400)), axis=-1).reshape(-1, 2) + 0.5) / 4

    def fill(points):
        inside = np.zeros(len(grid), bool)
        for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
            crosses = (y0 <= grid[:, 1]) != (y1 <= grid[:, 1])
            if y1 != y0:
                inside ^= crosses & (grid[:, 0] < x0 + (grid[:, 1] - y0) * (x1 - x0) / (y1 - y0))
        return inside

    for _ in range(4):
        a, b = rng.random((7, 2)) * 100, rng.random((5, 2)) * 100
        counted = np.count_nonzero(fill(a) & fill(b)) / 16
        assert regions.compute_shared_area(a, b) == pytest.approx(counted, abs=20)


def test_an_ellipse_fills_pi_quarters_of_its_box():
    value = {"x": 50, "y": 50, "radiusX": 20, "radiusY": 10, "rotation": 0, "ellipselabels": ["car"]}

    assert overlap({"type": "ellipselabels", "value": value}, draw_box(30, 40, 40, 20)) == pytest.approx(
        np.pi / 4, abs=2e-3
    )


def test_what_was_missed_is_told_from_what_was_called_otherwise():
    first = regions.read_regions([draw_box(0, 0, 10, 10, "car"), draw_box(50, 50, 10, 10, "bus")])
    second = regions.read_regions([draw_box(0, 0, 10, 11, "truck")])

    tally = regions.compare(first, second)

    assert dict(tally.cells) == {("car", "truck"): 1, ("bus", ""): 1}
    assert (tally.same, tally.matched, tally.f1) == (0, 1, 0.0)


def test_spans_are_compared_exactly_and_by_overlap():
    first = regions.read_regions([mark_span(0, 5), mark_span(10, 20, "place")])
    second = regions.read_regions([mark_span(0, 5), mark_span(12, 20, "place")])

    assert regions.compare(first, second, least=regions.EXACT).f1 == pytest.approx(0.5)
    assert regions.compare(first, second, least=regions.ANY_OVERLAP).f1 == 1.0


def test_two_empty_answers_agree():
    assert regions.compare([], []).f1 == 1.0


def test_masks_are_compared_pixel_by_pixel():
    from label_studio_sdk.converter.brush import mask2rle

    pictures = [np.zeros((20, 30), np.uint8) for _ in range(2)]
    pictures[0][:10], pictures[1][:5] = 255, 255
    entries = [
        {
            "type": "brushlabels",
            "original_width": 30,
            "original_height": 20,
            "value": {"format": "rle", "rle": mask2rle(picture), "brushlabels": ["sky"]},
        }
        for picture in pictures
    ]

    assert overlap(*entries) == pytest.approx(0.5)


def test_a_region_without_a_place_is_left_out():
    broken = [{"type": "labels", "value": {"labels": ["x"]}}, {"type": "rectanglelabels"}, draw_polygon([[0, 0]])]

    assert regions.read_regions(broken) == []
