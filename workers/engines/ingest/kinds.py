"""What the cells of a column are, and how each kind is read."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from lifecycle.contracts.ingest import MISSING_WORDS

NUMBER_SHARE = 0.98  # of the cells that say something; the others are set aside with their line
LONG_TEXT_CHARS = 60
DATE_FORMATS = ("%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d %H:%M", "%d-%m-%Y", "%m/%d/%Y %H:%M")
EXACT_INTEGERS = 2**53  # below which a float is the integer that was meant
WHOLE = range(-(2**63), 2**64)  # what a row keeps digit by digit: numbers of accounts and posts are that long
_WHOLE = re.compile(r"\s*[+-]?\d{16,20}\s*", re.ASCII)
_CODE = re.compile(r"\s*0\d{2,}\s*", re.ASCII)  # a postal code, an account: its zeros say something, in 07 they do not
_COMMA = re.compile(r"\s*[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?\s*", re.ASCII)  # 1.234,5
_GROUPED = re.compile(r"\s*[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?\s*", re.ASCII)  # 1,234.5


def is_missing(cell: object) -> bool:
    """Nothing was written here: null, NaN or an empty cell."""
    return cell is None or cell == "" or cell != cell or (isinstance(cell, str) and not cell.strip())


def parse_number(cell: object) -> float | int | None:
    """The cell as a finite number in canonical form (1.0 is 1), None where it is missing; ValueError otherwise."""
    if type(cell) is str:
        return _parse_text(cell)
    if cell is None:
        return None
    if type(cell) is int and cell in WHOLE:
        return cell
    try:
        number = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError("is not a number") from None
    return _settle(number)


@lru_cache(maxsize=1 << 16)
def _parse_text(text: str) -> float | int | None:
    """Tables repeat themselves: most cells are answered from the cache."""
    try:
        number = float(text)
    except ValueError:
        if text.strip().lower() in MISSING_WORDS:
            return None
        raise ValueError("is not a number") from None
    if "_" in text:  # float() reads Python's 1_000
        raise ValueError("is not a number")
    if abs(number) >= EXACT_INTEGERS and _WHOLE.fullmatch(text) and (whole := int(text)) in WHOLE:
        return whole
    return _settle(number)


def _settle(number: float) -> float | int | None:
    if number != number:
        return None
    if number in (math.inf, -math.inf):
        raise ValueError("is infinite")
    return int(number) if number.is_integer() and abs(number) < EXACT_INTEGERS else number


def has_decimal_commas(cells: Sequence[object]) -> bool:
    """Whether a column of texts holds numbers as 1.234,5: a comma in one at least, nearly all of them so."""
    return _has_commas(cells, _COMMA)


def has_grouped_digits(cells: Sequence[object]) -> bool:
    """The same of 1,234.5."""
    return _has_commas(cells, _GROUPED)


def _has_commas(cells: Sequence[object], form: re.Pattern) -> bool:
    said = [str(cell) for cell in cells if not is_missing(cell) and str(cell).strip().lower() not in MISSING_WORDS]
    fitting = [text for text in said if form.fullmatch(text)]
    return len(fitting) >= max(NUMBER_SHARE * len(said), 1) and any("," in text for text in fitting)


def write_point(cell: str) -> str:
    """1.234,5 as 1234.5; anything else as it is."""
    return cell.replace(".", "").replace(",", ".") if _COMMA.fullmatch(cell) else cell


def write_plain(cell: str) -> str:
    """1,234.5 as 1234.5; anything else as it is."""
    return cell.replace(",", "") if _GROUPED.fullmatch(cell) else cell


def infer_kind(cells: Sequence[object]) -> str:
    """number, date, text or category, from a sample of one column."""
    texts = [str(c) for c in cells if not is_missing(c)]
    said = [t for t in texts if t.strip().lower() not in MISSING_WORDS]
    if not said:
        return "category"
    if sum(map(is_number, said)) >= NUMBER_SHARE * len(said) and not any(map(_CODE.fullmatch, said)):
        return "number"
    if all(map(_is_date, said[:200])):
        return "date"
    if sum(map(len, said)) / len(said) > LONG_TEXT_CHARS:
        return "text"
    return "category"


def is_number(text: object) -> bool:
    """Whether the cell holds one; a missing one does not."""
    try:
        return parse_number(text) is not None
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    text = text.strip()
    if len(text) < 8 or len(text) > 40:
        return False
    try:
        datetime.fromisoformat(text)
        return True
    except ValueError:
        return any(_fits(text, pattern) for pattern in DATE_FORMATS)


def _fits(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)
        return True
    except ValueError:
        return False
