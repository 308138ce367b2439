"""CoNLL-2003 and its kin: a token a line, its tag in the last column, a blank line between sentences.

Tags may be IOB1, BIO (IOB2) or BIOES/BILOU: a span goes on while the name stays and no tag begins a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workers.engines.ingest.formats.regions import Span

OUTSIDE = ("O", "_", "")
BEGINS = ("B", "S", "U")
ENDS = ("E", "S", "L", "U")
PREFIXES = ("B", "I", "O", "E", "S", "L", "U")
MAX_TOKENS = 20_000


class Sentence(NamedTuple):
    line: int  # of its first token
    text: str  # tokens with one blank between them
    spans: list[Span]


class BadSentence(NamedTuple):
    line: int
    reason: str


def looks_like_conll(lines: Iterable[str]) -> bool:
    """Whether the first lines are tokens with tags."""
    rows = [line.split() for line in lines if line.strip() and not line.startswith(("-DOCSTART-", "#"))]
    return len(rows) > 1 and all(len(row) > 1 and _is_tag(row[-1]) for row in rows)


def read_conll(lines: Iterable[str]) -> Iterator[Sentence | BadSentence]:
    """Every sentence, or why it was left out."""
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, start=1):
        cells = line.rstrip("\r\n").split("\t") if "\t" in line else line.split()
        if cells and cells[0].strip() and not cells[0].startswith("-DOCSTART-"):
            rows.append((number, cells))
        if (not line.strip() or len(rows) >= MAX_TOKENS) and rows:
            yield _build(rows)
            rows = []
    if rows:
        yield _build(rows)


def _build(rows: list[tuple[int, list[str]]]) -> Sentence | BadSentence:
    for number, cells in rows:
        if len(cells) < 2:
            return BadSentence(number, "the line has a token but no tag; the sentence was left out")
        if not _is_tag(cells[-1].strip()):
            return BadSentence(number, f"“{cells[-1][:40]}” is no tag such as O, B-PER or I-PER")
    tokens = [cells[0].strip() for _, cells in rows]
    starts, at = [], 0
    for token in tokens:
        starts.append(at)
        at += len(token) + 1
    spans = list(_join_tags([cells[-1].strip() for _, cells in rows], starts, tokens))
    return Sentence(rows[0][0], " ".join(tokens), spans)


def _join_tags(tags: list[str], starts: list[int], tokens: list[str]) -> Iterator[Span]:
    name, begin, end = "", 0, 0
    for tag, start, token in zip(tags, starts, tokens, strict=True):
        prefix, _, this = tag.partition("-") if tag not in OUTSIDE else ("", "", "")
        if name and (this != name or prefix in BEGINS):
            yield Span(name, begin, end)
            name = ""
        if this:
            begin = begin if name else start
            name, end = this, start + len(token)
            if prefix in ENDS:
                yield Span(name, begin, end)
                name = ""
    if name:
        yield Span(name, begin, end)


def _is_tag(text: str) -> bool:
    prefix, dash, name = text.partition("-")
    return text in OUTSIDE or (prefix in PREFIXES and bool(dash) and bool(name))
