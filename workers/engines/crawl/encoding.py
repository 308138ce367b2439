"""The text of a page whose bytes are not in the encoding that it declares."""

from __future__ import annotations

import re
from typing import NamedTuple

from scrapy.http import TextResponse

UNREADABLE = "\ufffd"
MAX_UNREADABLE = 0.01  # of an item's characters; with more of them it is set aside
LOOKED_AT = 200_000  # bytes
# what is in use on the web where it is not UTF-8; more candidates only make short texts ambiguous
CANDIDATES = ("cp1252", "cp1251", "cp1250", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr")
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
    guess = "" if len(_MULTIBYTE.findall(response.body)) > broken else guess_encoding(response.body)
    if guess:
        better = response.body.decode(guess, "replace")
        if better.count(UNREADABLE) < broken:
            return Decoded(better, f"It says that it is {declared}, and is not; it was read as {guess}.")
    return Decoded(text, f"{broken:,} characters of it are not {declared}, and cannot be read.")


def guess_encoding(body: bytes) -> str:
    """One of CANDIDATES; empty where it is none of them."""
    from charset_normalizer import from_bytes  # only for the few pages that need it

    found = from_bytes(re.sub(rb"<[^>]{0,2000}>", b" ", body[:LOOKED_AT]), cp_isolation=list(CANDIDATES)).best()
    if found is None:
        return ""
    if found.encoding == "cp1250" and _reads_as_western(body[:LOOKED_AT]):  # short texts fit both
        return "cp1252"
    return found.encoding


def _reads_as_western(body: bytes) -> bool:
    try:
        text = body.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return all(c.isalpha() or c in " €‚„…‘’“”•–—«»°§·¡¿©®\xa0" for c in text if ord(c) > 127)


def find_unreadable(text: str) -> str:
    """Why a text is set aside; empty where it can be read."""
    share = text.count(UNREADABLE) / max(len(text), 1)
    return f"{share:.0%} of its characters cannot be read" if share > MAX_UNREADABLE else ""
