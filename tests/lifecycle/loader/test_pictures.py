"""Pictures of every kind are to a script what they are to training and to serving."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lifecycle.loader.arrays import decode
from lifecycle.loader.pictures import read_picture
from workers.engines.artifact.images import decode_image

RAMP = np.linspace(0, 1, 64).reshape(4, 16)


def encode(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def turn() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    return encode(Image.fromarray(np.uint8(RAMP * 255)).convert("RGB"), "JPEG", exif=exif, quality=100)


PICTURES = {
    "sixteen bits": encode(Image.fromarray(np.uint16(RAMP * 65_535))),
    "floats": encode(Image.fromarray(np.float32(RAMP)), "TIFF"),
    "transparent": encode(Image.new("RGBA", (16, 4), (200, 10, 10, 0))),
    "palette": encode(Image.fromarray(np.uint8(RAMP * 255)).convert("P")),
    "on its side": turn(),
}


@pytest.mark.parametrize("content", PICTURES.values(), ids=PICTURES)
def test_a_script_sees_the_picture_that_training_and_serving_see(content):
    expected = decode_image(content).pixels

    assert read_picture(content).mode == "RGB"
    assert np.array_equal(np.asarray(read_picture(content)), np.asarray(expected))
    assert np.array_equal(decode(content, (expected.height, expected.width)), np.asarray(expected))


def test_nothing_is_cut_off_turned_over_or_black_where_it_was_clear():
    gray = np.asarray(read_picture(PICTURES["sixteen bits"]))[..., 0]
    assert np.abs(gray - RAMP * 255).max() <= 1
    assert read_picture(PICTURES["transparent"]).getpixel((0, 0)) == (255, 255, 255)
    assert read_picture(PICTURES["on its side"]).size == (4, 16)
