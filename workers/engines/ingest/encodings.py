"""Which encoding bytes are in that are not UTF-8."""

from __future__ import annotations

import re

# what is in use where it is not UTF-8; more candidates only make short texts ambiguous
CANDIDATES = ("cp1252", "cp1251", "cp1250", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr")
ONE_BYTE = ("cp1250", "cp1251")
MOST_ACCENTED = 0.3  # of the letters of a western text
_WORD = re.compile(r"[^\W\d_]+")
TYPOGRAPHY = " €‚„…‘’“”•–—«»°§·¡¿©®\xa0"


def guess_encoding(sample: bytes) -> str:
    """One of CANDIDATES; empty where it is none of them."""
    from charset_normalizer import from_bytes  # 0.2 s to import, and only odd files and pages need it

    found = from_bytes(sample, cp_isolation=list(CANDIDATES)).best()
    if _reads_as_western(sample):
        return "cp1252"  # short texts fit several
    if (found is None or found.encoding in ONE_BYTE) and _reads_as_cyrillic(sample):
        return "cp1251"
    return found.encoding if found else ""


def _reads_as_western(sample: bytes) -> bool:
    """Whether all that is not ASCII are accented letters, few among plain ones, and signs of print."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = [c for c in text if ord(c) > 127]
    accented = sum(c.isalpha() for c in high)
    plain = sum(c.isascii() and c.isalpha() for c in text)
    return all(c.isalpha() or c in TYPOGRAPHY for c in high) and accented <= MOST_ACCENTED * (plain + accented)


def _reads_as_cyrillic(sample: bytes) -> bool:
    """Whether all words are of plain letters or of Cyrillic ones, and none of both."""
    try:
        text = sample.decode("cp1251")
    except UnicodeDecodeError:
        return False
    if not all("\u0400" <= c <= "\u04ff" or c in TYPOGRAPHY for c in text if ord(c) > 127):
        return False
    return all(word.isascii() or not any(c.isascii() for c in word) for word in _WORD.findall(text))
