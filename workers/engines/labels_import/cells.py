"""What is behind an address as a cell of a row: series as their text, pictures as a data: address."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from lifecycle.contracts.ingest import IngestLimits
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.images import check_image


def read_series(content: bytes, limits: IngestLimits) -> str:
    """CSV or JSON as it came. Refused, with a sentence, for what is neither."""
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Refused("it is no text in UTF-8") from None
    if not text or "\0" in text or text.startswith("<"):
        raise Refused("it is neither CSV nor JSON")
    return text


def read_picture(content: bytes, limits: IngestLimits) -> str:
    """Its bytes, unchanged. Refused, with a sentence, for what is no picture."""
    mime = check_image(content, limits).mime
    return f"data:{mime};base64,{b64encode(content).decode()}"


READERS: dict[str, Callable[[bytes, IngestLimits], str]] = {"TimeSeries": read_series, "Image": read_picture}
