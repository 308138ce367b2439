"""Spans in texts as CoNLL: a token a line with its BIO tag, a blank line after each text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from workers.engines.export.archive import Archive
from workers.engines.export.items import Source, list_regions

TOKEN = re.compile(r"\w+|[^\w\s]")
OVERLAP = "spans that overlap an earlier one were left out: a token has one tag"
OUT = "O"


def write_conll(source: Source, target: Path) -> None:
    """One file a split. Tokens are words and single marks; a token that a span touches belongs to it."""
    paths: dict[str, Path] = {}
    with ExitStack() as stack:
        files: dict[str, TextIO] = {}
        for item in source.read_items():
            split = item["split"]
            if split not in files:
                paths[split] = target.with_name(f"{split}.conll")
                files[split] = stack.enter_context(open(paths[split], "w", encoding="utf-8"))
            lines = "".join(f"{token} {tag}\n" for token, tag in tag_tokens(source, item))
            if lines:
                files[split].write(lines + "\n")
                source.written += 1
    with Archive(target) as archive:
        for split, path in paths.items():
            archive.add_file(f"{split}.conll", path, is_packed=True)
        archive.add("README.md", source.spec.card)


def tag_tokens(source: Source, item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(token, B-, I- or O)."""
    spans = sorted((int(v["start"]), int(v["end"]), label) for _, label, v in list_regions(item, ("labels",)))
    kept: list[tuple[int, int, str]] = []
    for span in spans:
        if kept and span[0] < kept[-1][1]:
            source.leave_out(OVERLAP)
        else:
            kept.append(span)
    place, opened = 0, -1
    for token in TOKEN.finditer(item["text"] or ""):
        while place < len(kept) and kept[place][1] <= token.start():
            place += 1
        if place < len(kept) and kept[place][0] < token.end():
            yield token.group(), ("I-" if opened == place else "B-") + re.sub(r"\s+", "_", kept[place][2])
            opened = place
        else:
            yield token.group(), OUT
