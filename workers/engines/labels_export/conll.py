"""Spans in texts as CoNLL: a token a line with its BIO tag, a blank line after each text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lifecycle.contracts.label_exports import SPANS
from workers.engines.labels_export.source import Source

WORD = re.compile(r"\S+")
OVERLAP = "spans that overlap an earlier one were left out: a token has one tag"
OTHER = "entries that are no spans were left out"
EMPTY = "spans without a word in them were left out"
Span = tuple[int, int, str]


def write_conll(source: Source, target: Path) -> None:
    """Tokens are what stands between blanks, cut where a span begins or ends."""
    with open(target, "w", encoding="utf-8") as out:
        out.write("-DOCSTART- -X- O O\n\n")
        for task in source.read_tasks():
            if task.chosen is None:
                continue
            spans = keep_apart(source, task.item.text, task.chosen)
            lines = [f"{token} -X- _ {tag}\n" for token, tag in tag_tokens(task.item.text, spans)]
            if lines:
                out.write("".join(lines) + "\n")
                source.written += 1


def keep_apart(source: Source, text: str, result: Sequence[Mapping[str, Any]]) -> list[Span]:
    """(start, end, class) in the order of the text, those that overlap left out."""
    found: list[Span] = []
    for entry in result:
        names = (entry.get("value") or {}).get(entry.get("type"))
        if entry.get("type") not in SPANS or not names:
            source.leave_out(OTHER)
        elif not text[entry["value"]["start"] : entry["value"]["end"]].strip():
            source.leave_out(EMPTY)
        else:
            found.append((int(entry["value"]["start"]), int(entry["value"]["end"]), str(names[0])))
    kept: list[Span] = []
    for span in sorted(found):
        if kept and span[0] < kept[-1][1]:
            source.leave_out(OVERLAP)
        else:
            kept.append(span)
    return kept


def tag_tokens(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, str]]:
    """(token, B-, I- or O)."""
    cuts = sorted({place for start, end, _ in spans for place in (start, end)})
    for start, end, name in _cut(len(text), cuts, spans):
        for number, word in enumerate(WORD.finditer(text[start:end])):
            prefix = "I-" if number else "B-"
            yield word.group(), prefix + re.sub(r"\s+", "_", name) if name else "O"


def _cut(length: int, cuts: Sequence[int], spans: Sequence[Span]) -> Iterator[tuple[int, int, str]]:
    names = {start: name for start, _, name in spans}
    inner = [cut for cut in cuts if 0 < cut < length]
    for start, end in zip([0, *inner], [*inner, length], strict=True):
        yield start, end, names.get(start, "")
