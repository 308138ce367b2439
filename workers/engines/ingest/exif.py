"""When a camera says that a picture was taken. What is damaged or cannot be is refused, not guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from PIL import Image

from lifecycle.contracts import event_times

ORIGIN = "EXIF DateTimeOriginal"
EXIF_IFD, TAKEN_TAG, OFFSET_TAG = 0x8769, 0x9003, 0x9011
FORMAT = "%Y:%m:%d %H:%M:%S"
OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


def read_taken_at(image: Image.Image) -> str | None:
    """DateTimeOriginal as ISO 8601 in UTC, by its offset where it has one, else as if it were UTC."""
    try:
        tags = image.getexif().get_ifd(EXIF_IFD)
        taken, offset = (_to_text(tags.get(tag)) for tag in (TAKEN_TAG, OFFSET_TAG))
        moment = datetime.strptime(taken, FORMAT)
    except Exception:  # noqa: BLE001  a reader fed hostile headers raises anything; the picture itself is whole
        return None
    zone = _read_offset(offset)
    return event_times.settle(moment.replace(tzinfo=zone), earliest_year=event_times.FIRST_PHOTOGRAPH)


def _read_offset(text: str) -> timezone:
    found = OFFSET.fullmatch(text)
    if found is None:
        return UTC
    minutes = int(found[2]) * 60 + int(found[3])
    if minutes > 14 * 60:  # no zone is further from UTC
        return UTC
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _to_text(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")
