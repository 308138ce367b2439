"""What a browser gets of a picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lifecycle.datasets import renditions


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_picture_of_sixteen_bits_is_scaled_not_cut_off(kind):
    ramp = np.tile(np.linspace(0, 65_535, 200).astype(np.uint16), (100, 1))
    out = io.BytesIO()
    Image.fromarray(ramp).save(out, kind)

    shown = Image.open(io.BytesIO(renditions._render(out.getvalue(), 96)))

    row = np.asarray(shown.convert("L"), float)[20]
    assert shown.size == (96, 48)
    assert row[0] < 10 and row[-1] > 245 and abs(row[48] - 128) < 12
