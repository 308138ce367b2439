"""Pictures of more than eight bits a pixel as a screen and a fingerprint see them. Pillow's own conversion cuts them
off at 255: a 16-bit picture becomes white."""

from __future__ import annotations

import math
from typing import Any

SCREEN_LEVELS = 255


def flatten_depth(image: Any) -> Any:
    """A Pillow picture of 16 bits, 32 bits or floats as 8-bit gray; any other one as it is.

    Scaled by as many bits as it makes use of, so that 12 bits stored in 16 are no black picture; floats up to 1 are
    shares of white. Negative values move up to black.
    """
    if not image.mode.startswith(("I", "F")):
        return image
    values = image if image.mode == "F" else image.convert("I").convert("F")
    low, high = (edge if math.isfinite(edge) else 0.0 for edge in values.getextrema())
    low = min(low, 0.0)
    scale = SCREEN_LEVELS / _find_levels(high - low, is_share=image.mode == "F")
    return values.point(lambda value: value * scale + (-low * scale)).convert("L")


def _find_levels(top: float, *, is_share: bool) -> float:
    """The value that stands for white."""
    if is_share and top <= 1:
        return 1.0
    return float(2 ** max(8, math.ceil(top).bit_length()) - 1)
