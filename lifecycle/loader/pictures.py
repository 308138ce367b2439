"""Pictures as a model sees them, the same in training, serving and a script of yours: upright, RGB, eight bits.

The product's own decoding (engines.artifact.images) does the same without this package; a test holds both together.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps


def read_picture(content: bytes) -> Image.Image:
    """The file of a picture, upright and RGB, its first frame. Raises OSError for what is none."""
    with Image.open(io.BytesIO(content)) as picture:
        return to_rgb(ImageOps.exif_transpose(picture))


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as RGB: alpha over white, 16-bit and float scaled to 8 bits."""
    if image.mode == "RGB":
        return image.copy()
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_scale_to_bytes(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _scale_to_bytes(pixels: np.ndarray) -> np.ndarray:
    """Deep grey (16-bit, 32-bit or float) as uint8: by the type's own range where it has one, else by its maximum."""
    values = np.nan_to_num(pixels.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    if pixels.dtype == np.uint16 or 255 < top <= 65535:
        values = values / 257.0
    elif top > 65535:
        values = values / top * 255.0
    elif pixels.dtype.kind == "f" and top <= 1.0:
        values = values * 255.0
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
