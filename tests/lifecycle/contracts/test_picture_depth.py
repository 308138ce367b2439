"""Deep pictures keep what they show when they become eight bits."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lifecycle.contracts.picture_depth import flatten_depth

RAMP = np.tile(np.linspace(0, 1, 64), (64, 1))


def read_back(picture: Image.Image, kind: str) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, kind)
    return Image.open(out)


@pytest.mark.parametrize(
    "pixels, kind",
    [
        ((RAMP * 65_535).astype(np.uint16), "PNG"), ((RAMP * 65_535).astype(np.uint16), "TIFF"),
        ((RAMP * 4_095).astype(np.uint16), "PNG"), ((RAMP * (1 << 20)).astype(np.int32), "TIFF"),
        (RAMP.astype(np.float32), "TIFF"), ((RAMP * 1_000 - 500).astype(np.int32), "TIFF"),
    ],
)  # fmt: skip
def test_a_ramp_stays_a_ramp(pixels, kind):
    flat = np.asarray(flatten_depth(read_back(Image.fromarray(pixels), kind)), dtype=float)

    assert flat[0, 0] == 0 and 120 <= flat[0, -1] <= 255
    assert (np.diff(flat[0]) >= 0).all() and len(set(flat[0])) > 50


def test_big_endian_tiffs_are_read_too():
    deep = Image.frombytes("I;16B", (64, 64), (RAMP * 65_535).astype(">u2").tobytes())

    assert np.abs(np.asarray(flatten_depth(deep), float)[0] - RAMP[0] * 255).max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "CMYK"])
def test_other_pictures_are_left_as_they_are(mode):
    picture = Image.new(mode, (4, 4))

    assert flatten_depth(picture) is picture


def test_floats_that_are_none_do_no_harm():
    broken = np.array([[np.nan, np.inf], [-np.inf, 0.5]], np.float32)

    assert flatten_depth(Image.fromarray(broken)).size == (2, 2)
