"""The text of a page whose bytes are not in the encoding that it declares."""

from __future__ import annotations

import re
from typing import NamedTuple

from scrapy.http import TextResponse

from workers.engines.ingest.encodings import guess_encoding

UNREADABLE = "\ufffd"
MAX_UNREADABLE = 0.01  # of an item's characters; with more of them it is set aside
LOOKED_AT = 200_000  # bytes
_TAGS = re.compile(rb"<[^>]{0,2000}>")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


class Decoded(NamedTuple):
    text: str
    warning: str = ""


def decode(response: TextResponse) -> Decoded:
    """The text by the declared encoding; where the bytes are not in it, by the one they look like. Says so."""
    text, declared = response.text, response.encoding
    broken = text.count(UNREADABLE)
    if not broken:
        return Decoded(text)
    is_damaged = len(_MULTIBYTE.findall(response.body)) > broken
    guess = "" if is_damaged else guess_encoding(_TAGS.sub(b" ", response.body[:LOOKED_AT]))
    if guess:
        better = response.body.decode(guess, "replace")
        if better.count(UNREADABLE) < broken:
            return Decoded(better, f"It says that it is {declared}, and is not; it was read as {guess}.")
    return Decoded(text, f"{broken:,} characters of it are not {declared}, and cannot be read.")


def find_unreadable(text: str) -> str:
    """Why a text is set aside; empty where it can be read."""
    share = text.count(UNREADABLE) / max(len(text), 1)
    return f"{share:.0%} of its characters cannot be read" if share > MAX_UNREADABLE else ""
