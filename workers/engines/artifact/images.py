"""Hostile image bytes to RGB or grey arrays, the same way in training and in serving."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from workers.engines.artifact.errors import BadInput

MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 64_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")  # JPEG's reader takes MPO too
_THUMBNAIL = 64  # side of the grey copy that brightness and contrast are measured on


@dataclass(frozen=True)
class DecodedImage:
    """`pixels` is an upright RGB image without alpha; width and height are those of the file, upright."""

    pixels: Image.Image
    width: int
    height: int


def decode_image(data: object, *, target: tuple[int, int] | None = None) -> DecodedImage:
    """Decode the first frame of an image file; raises BadInput.

    `target` (height, width) lets the JPEG decoder work at a reduced scale of at least twice that size.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise BadInput("An image must be sent as the bytes of its file.")
    if len(data) == 0:
        raise BadInput("The image file is empty.")
    if len(data) > MAX_BYTES:
        raise BadInput(f"The image file is larger than {MAX_BYTES // 2**20} MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _decode(io.BytesIO(data), target)
    except (BadInput, MemoryError):
        raise
    except Image.UnidentifiedImageError:
        raise BadInput(f"This is not an image in a known format ({', '.join(FORMATS)}).") from None
    except Image.DecompressionBombError:
        raise BadInput(_too_many_pixels()) from None
    except Exception as error:  # Pillow's decoders raise almost anything on damaged files
        raise BadInput(f"The image file is damaged and cannot be read ({type(error).__name__}).") from error


def _too_many_pixels() -> str:
    return f"The image has more than {MAX_PIXELS // 1_000_000} million pixels."


def _decode(stream: io.BytesIO, target: tuple[int, int] | None) -> DecodedImage:
    with Image.open(stream, formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BadInput(_too_many_pixels())
        if target is not None:
            side = 2 * max(target)
            image.draft(None, (side, side))  # exact no-op for anything but JPEG
        image.load()
        upright = ImageOps.exif_transpose(image)
        if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # 0x0112: EXIF orientation; 5..8 swap the sides
            width, height = height, width
        return DecodedImage(pixels=to_rgb(upright), width=width, height=height)


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


def resize_image(image: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    """`image` at (height, width): stretched, center-cropped, or padded with white."""
    box = (size[1], size[0])
    if fit == "crop":
        return ImageOps.fit(image, box, Image.Resampling.BILINEAR)
    if fit == "pad":
        return ImageOps.pad(image, box, Image.Resampling.BILINEAR, color=(255, 255, 255))
    return image if image.size == box else image.resize(box, Image.Resampling.BILINEAR)


def to_array(image: Image.Image, operation: Mapping[str, Any]) -> np.ndarray:
    """One image as uint8 [channels, height, width], as an ``image_to_tensor`` operation says."""
    height, width = operation["size"]
    resized = resize_image(image, (height, width), operation.get("fit", "stretch"))
    if operation["channels"] == 1:
        return np.asarray(resized.convert("L"))[None]
    return np.ascontiguousarray(np.asarray(resized).transpose(2, 0, 1))


def describe_image(decoded: DecodedImage) -> dict[str, float]:
    """What monitoring compares: width and height in pixels, brightness and contrast in 0..1."""
    grey = decoded.pixels.convert("L").resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.float32) / 255.0
    return {
        "width": float(decoded.width),
        "height": float(decoded.height),
        "brightness": round(float(values.mean()), 6),
        "contrast": round(float(values.std()), 6),
    }
