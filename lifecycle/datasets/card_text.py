"""Words of people inside Markdown and YAML: whatever they hold, the document keeps its shape. Knows no Django."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_WORDS = 2_000  # characters of a paragraph
MAX_CELL = 160
_MARKS = re.compile(r"([\\`*_\[\]<>|~&$])")  # what Markdown, or a page that shows it, would take for its own
_STARTS = re.compile(r"^(\d*)([.)])|^([#+=-])")  # what makes a line a list, a heading, a rule
# What YAML does not allow, and marks that turn the direction of what follows.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def put_on_one_line(text: object, limit: int = MAX_WORDS) -> str:
    """Visible characters only, one space between words, cut with an ellipsis."""
    line = " ".join(_UNSEEN.sub(" ", str(text)).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escape(text: object, limit: int = MAX_WORDS) -> str:
    """As a paragraph, a heading or a line of a list: nothing in it is markup."""
    return _STARTS.sub(r"\1\\\2\3", _escape_marks(text, limit))


def _escape_marks(text: object, limit: int) -> str:
    return _MARKS.sub(r"\\\1", put_on_one_line(text, limit))


def build_table(rows: Sequence[Sequence[object]], *, more: int = 0, of: str = "") -> str:
    """A table whose first row is its head; `more` rows of what `of` names were left out."""
    head, *rest = ([_escape_marks(cell, MAX_CELL) for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *rest]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return table + (f"\n\nand {more:,} more {of}." if more > 0 else "")


def quote(text: object) -> str:
    """A double-quoted YAML scalar."""
    line = put_on_one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{line}"'
