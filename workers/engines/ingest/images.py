"""Is this really a picture? Decodes it whole, within limits, and says what it is."""

from __future__ import annotations

import io
from functools import cache
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.exif import read_taken_at
from workers.engines.ingest.fingerprints import compute_picture
from workers.engines.ingest.picture_prints import ORIENTATION_TAG, pack_print

# what Pillow decodes by itself: no external programs, no scripts, no vector languages
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "TGA", "ICO", "JPEG2000", "AVIF", "DIB", "PCX")
SIDEWAYS = (5, 6, 7, 8)


class ImageFacts(NamedTuple):
    mime: str
    width: int
    height: int
    fingerprint: int | None = None
    print: bytes = b""  # engines.ingest.picture_prints
    taken_at: str | None = None  # contracts.event_times


def check_image(content: bytes, limits: IngestLimits) -> ImageFacts:
    """MIME type by content, and width and height as a viewer shows them. Raises Refused."""
    try:
        return _decode(content, limits)
    except Refused:
        raise
    except Image.DecompressionBombError:
        raise Refused(
            f"the picture claims far more than the {limits.image_pixels // 1_000_000} million pixels allowed"
        ) from None
    except UnidentifiedImageError:
        raise Refused("this is not a picture in a format that can be read") from None
    except Exception as error:  # noqa: BLE001  a decoder fed hostile bytes raises anything; the rest must go on
        raise Refused(f"the picture is damaged and cannot be decoded ({_shorten(error)})") from None


def _decode(content: bytes, limits: IngestLimits) -> ImageFacts:
    with Image.open(io.BytesIO(content), formats=_list_formats()) as image:
        width, height = image.size
        if width < 1 or height < 1:
            raise Refused("the picture has no pixels")
        if width * height > limits.image_pixels:
            most = f"{limits.image_pixels // 1_000_000} million"
            raise Refused(f"the picture has {width} × {height} pixels; at most {most} are allowed")
        image.load()
        mime = Image.MIME.get(image.format or "", "application/octet-stream")
        if image.getexif().get(ORIENTATION_TAG) in SIDEWAYS:
            width, height = height, width
        return ImageFacts(mime, width, height, compute_picture(image), pack_print(image), read_taken_at(image))


@cache
def _list_formats() -> tuple[str, ...]:
    """Those of FORMATS that this build of Pillow can open."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _shorten(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:120]
