"""What is unlike all others leads its list, with its reason; where all is alike there is no list."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lifecycle.contracts.profile import FindingKind
from tests.workers.engines.exploration.sets import encode, write_set

COLUMNS = (("height", "number"), ("weight", "number"), ("kind", "category"))


def make_rows(count: int = 400) -> list[dict]:
    rng = np.random.default_rng(6)
    return [
        {"height": float(rng.normal(170, 8)), "weight": float(rng.normal(70, 9)), "kind": str(rng.choice(list("abc")))}
        for _ in range(count)
    ]


def list_outliers(result) -> list:
    return [found for found in result.found if found.kind == FindingKind.OUTLIERS]


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"height": 1_700.0}, "height = 1,700"),
        ({"height": 1.0, "weight": 700.0}, "weight = 700"),
        ({"weight": 1e300}, "weight = 1e+300"),
        ({"weight": 10**400}, "weight = inf"),
        ({"weight": "-inf"}, "weight = -inf"),
        ({"kind": "never seen", "height": 260.0}, "kind = never seen"),
    ],
)
def test_a_strange_row_is_among_the_first_with_the_cell_that_makes_it_so(cells, named, tmp_path):
    rows = make_rows()
    rows[77] |= cells

    found = list_outliers(write_set(tmp_path, "row", rows, columns=COLUMNS).scan())

    assert 78 in [one.item_id for one in found[:3]]
    assert named in next(one.reason for one in found if one.item_id == 78)
    assert all(0 <= one.score <= 1 for one in found) and len(found) <= 10


def test_strange_rows_do_not_hide_each_other(tmp_path):
    rows = make_rows()
    for place, scale in ((5, 30), (50, 1e6), (100, 1e300)):
        rows[place]["height"] *= scale

    found = list_outliers(write_set(tmp_path, "row", rows, columns=COLUMNS).scan())

    assert {6, 51, 101} <= {one.item_id for one in found[:6]}


@pytest.mark.parametrize("cell", [0.1, 0, None, "x", float("nan"), 1e300])
def test_rows_that_are_all_the_same_have_no_outlier(cell, tmp_path):
    made = write_set(tmp_path, "row", [{"a": cell, "b": cell}] * 200, columns=(("a", "number"), ("b", "category")))

    assert list_outliers(made.scan()) == []


def test_a_strange_text_is_among_the_first(tmp_path):
    rng = np.random.default_rng(3)
    words = ["good", "bad", "film", "plot", "actor", "scene", "music", "story", "slow", "quick", "ending", "hero"]
    texts = [" ".join(rng.choice(words, 25)) for _ in range(300)]
    texts[123] = "invoice invoice payable within thirty days net amount due bank transfer reference"
    texts[200] = "invoice payable amount due reference bank"  # so that its words are no noise

    found = list_outliers(write_set(tmp_path, "text", texts).scan())

    assert 124 in [one.item_id for one in found[:3]]
    assert "times as far away as is usual" in found[0].reason


@pytest.mark.parametrize("text", ["the same words everywhere", "", "x"])
def test_texts_that_are_all_the_same_have_no_outlier(text, tmp_path):
    assert list_outliers(write_set(tmp_path, "text", [text] * 120).scan()) == []


def draw_disc(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    picture = Image.new("L", (48, 48), 30)
    x, y = 24 + rng.integers(-3, 4, 2)
    ImageDraw.Draw(picture).ellipse((x - 12, y - 12, x + 12, y + 12), fill=220)
    return Image.fromarray(np.clip(np.asarray(picture) + rng.normal(0, 5, (48, 48)), 0, 255).astype(np.uint8))


def test_a_strange_picture_is_among_the_first(tmp_path):
    pictures = [draw_disc(seed) for seed in range(200)]
    stripes = np.tile(np.repeat([20, 235], 4), 6)[None, :].repeat(48, 0)
    pictures[60] = Image.fromarray(stripes.astype(np.uint8))

    found = list_outliers(write_set(tmp_path, "image", [encode(picture) for picture in pictures]).scan())

    assert found[0].item_id == 61 and "times as far away as is usual" in found[0].reason


def test_pictures_that_are_all_the_same_or_cannot_be_read_have_no_outlier(tmp_path):
    contents = [encode(draw_disc(1))] * 100 + [b"no picture"] * 5

    result = write_set(tmp_path, "image", contents).scan()

    assert list_outliers(result) == []
    damaged = [found.item_id for found in result.found if found.kind == FindingKind.DAMAGED]
    assert damaged == [101, 102, 103, 104, 105]


def test_a_few_items_are_not_compared_and_that_is_said(tmp_path):
    result = write_set(tmp_path, "row", make_rows(20), columns=COLUMNS).scan()

    assert list_outliers(result) == []
    assert "there are 20" in result.notes[FindingKind.OUTLIERS]


def test_labels_that_are_no_numbers_or_too_large_do_not_end_the_search(tmp_path):
    rows = make_rows()
    labels = [f"{row['height'] * 2:.3f}" for row in rows]
    labels[9], labels[19], labels[29] = "tall", "inf", "1e300"

    result = write_set(tmp_path, "row", rows, labels, columns=COLUMNS, label_kind="number").scan()

    doubted = [found.item_id for found in result.found if found.kind == FindingKind.LABEL_ERRORS]
    assert doubted[0] == 30 and not {10, 20} & set(doubted)


def test_whole_numbers_beyond_a_floats_precision_are_not_called_equal(tmp_path):
    rows = [{"a": 2**60 + n, "b": "x"} for n in range(60)]

    result = write_set(tmp_path, "row", rows, columns=(("a", "number"), ("b", "category"))).scan()

    assert [found for found in result.found if found.kind == FindingKind.DUPLICATES] == []
