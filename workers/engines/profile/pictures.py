"""Images: what is measured of each picture file once."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from lifecycle.loader.cache import ContentFolder

MEASURED_SIDE = 256  # pixels; all pictures are measured at this size, so that sharpness can be compared
MAX_PIXELS = 64_000_000


@dataclass(frozen=True)
class PictureFacts:
    """None everywhere for a file that cannot be read."""

    brightness: float | None = None  # mean gray, 0..1
    contrast: float | None = None  # standard deviation of gray
    sharpness: float | None = None  # variance of the Laplacian
    channels: int | None = None
    is_corrupt: bool = False


def find_blob(blob_dir: str, digest: str) -> Path:
    """Where the file of this hash lies; see contracts.training.DatasetFiles."""
    return ContentFolder(blob_dir).locate(digest)


def measure_picture(content: bytes) -> PictureFacts:
    """Brightness, contrast and sharpness at MEASURED_SIDE; channels of the file."""
    try:
        gray, channels = read_gray(content, MEASURED_SIDE)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return PictureFacts(is_corrupt=True)
    sharpness = float(cv2.Laplacian(gray, cv2.CV_64F).var())
    light = gray.astype(np.float64) / 255
    return PictureFacts(float(light.mean()), float(light.std()), sharpness, channels)


def read_gray(content: bytes, side: int) -> tuple[np.ndarray, int]:
    """uint8 [h, w] upright, longest side at most `side`, transparent parts white; and the channels of the file.

    Raises OSError, ValueError or SyntaxError for files that are no readable picture.
    """
    from workers.engines.artifact.images import to_rgb  # onnxruntime comes with it

    with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as image:
        warnings.simplefilter("ignore")
        if image.width * image.height > MAX_PIXELS:
            raise ValueError("too many pixels")
        channels = len(image.getbands())
        image.draft("RGB", (side, side))
        image.load()
        picture = to_rgb(ImageOps.exif_transpose(image))
    pixels = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2GRAY)
    longest = max(pixels.shape)
    if longest <= side:
        return pixels, channels
    size = (max(1, round(pixels.shape[1] * side / longest)), max(1, round(pixels.shape[0] * side / longest)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), channels
