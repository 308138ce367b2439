"""What is behind an address as a cell of a row: series as their text, pictures as a data: address."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable

from PIL import Image, ImageOps

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.images import check_image

SIDES = (2048, 1600, 1280, 960, 640)  # pixels of the longer side of pictures that are made smaller
QUALITY = 88


def read_series(content: bytes, limits: IngestLimits, most_chars: int) -> str:
    """CSV or JSON as it came. Refused, with a sentence, for what is neither, or too long."""
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Refused("it is no text in UTF-8") from None
    if not text or "\0" in text or text.startswith("<"):
        raise Refused("it is neither CSV nor JSON")
    if len(text) > most_chars:
        raise Refused(f"it has more than {most_chars:,} characters")
    return text


def read_picture(content: bytes, limits: IngestLimits, most_chars: int) -> str:
    """Its bytes, unchanged where they fit, else as a smaller JPEG. Refused, with a sentence, for what is no picture."""
    cell = _write(check_image(content, limits).mime, content)
    if len(cell) <= most_chars:
        return cell
    with Image.open(io.BytesIO(content)) as image:
        whole = ImageOps.exif_transpose(image).convert("RGB")
    for side in SIDES:
        whole.thumbnail((side, side))
        smaller = io.BytesIO()
        whole.save(smaller, "JPEG", quality=QUALITY)
        cell = _write("image/jpeg", smaller.getvalue())
        if len(cell) <= most_chars:
            return cell
    raise Refused(f"it does not fit into {most_chars:,} characters of a row")


def _write(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{b64encode(content).decode()}"


READERS: dict[str, Callable[[bytes, IngestLimits, int], str]] = {"TimeSeries": read_series, "Image": read_picture}
