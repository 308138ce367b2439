"""Laying one picture over another: the short way finds what OpenCV finds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.ingest.picture_likeness import MOST_TRIED, find_best


@given(st.integers(0, 2**32 - 1), st.integers(12, 64), st.integers(12, 64), st.floats(0.5, 1), st.floats(0.5, 4))
def test_the_best_place_is_that_of_the_frequencies(seed, height, width, share, blur):
    dice = np.random.default_rng(seed)
    picture = cv2.GaussianBlur(dice.integers(0, 256, (height, width)).astype(np.uint8), (0, 0), blur)
    part = cv2.GaussianBlur(dice.integers(0, 256, (height, width)).astype(np.uint8), (0, 0), blur)
    template = cv2.resize(part, (max(8, round(width * share)), max(8, round(height * share))))
    theirs = cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED)

    value, (x, y) = find_best(picture, template)

    assert value == pytest.approx(theirs.max(), abs=1e-3) == theirs[y, x]


@pytest.mark.parametrize("side", [24, 64])  # one by one, and by OpenCV
def test_a_part_is_found_where_it_was_cut_out(side):
    picture = np.random.default_rng(1).integers(0, 256, (side, side)).astype(np.uint8)
    template = picture[3 : side // 2 + 3, 5 : side // 2 + 5]
    assert (template.size * (side // 2 + 1) ** 2 > MOST_TRIED) == (side == 64)

    value, place = find_best(picture, template)

    assert (round(value, 4), place) == (1, (5, 3))


def test_a_place_of_one_gray_is_like_nothing():
    picture = np.full((30, 30), 200, np.uint8)
    picture[0, 0] = 201

    assert find_best(picture, np.arange(400, dtype=np.uint8).reshape(20, 20))[0] == 0
