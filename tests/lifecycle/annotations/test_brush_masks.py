"""Masks are unpacked as Label Studio's own converter unpacks them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.converter import brush

from lifecycle.annotations.brush_masks import decode_mask


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_any_mask_comes_back(width, height, share, seed):
    painted = np.random.default_rng(seed).random((height, width)) < share
    packed = brush.mask2rle(painted.astype(np.uint8) * 255)

    assert np.array_equal(decode_mask(packed, width, height), painted)
    theirs = brush.decode_rle(packed).reshape(height, width, 4)[:, :, 3] > 0
    assert np.array_equal(decode_mask(packed, width, height), theirs)


def test_a_large_mask_of_blots_comes_back():
    painted = np.zeros((900, 1200), bool)
    for x, y in np.random.default_rng(0).integers(0, 850, (60, 2)):
        painted[y : y + 40, x : x + 40] ^= True
    packed = brush.mask2rle(painted.astype(np.uint8) * 255)

    assert np.array_equal(decode_mask(packed, 1200, 900), painted)


@pytest.mark.parametrize("spoil", [lambda packed: packed[:-2], lambda packed: packed[:6], lambda packed: [0] * 40])
def test_what_is_no_mask_of_this_picture_is_refused(spoil):
    painted = np.eye(30, dtype=np.uint8) * 255

    with pytest.raises((ValueError, IndexError)):
        decode_mask(spoil(brush.mask2rle(painted)), 30, 30)
