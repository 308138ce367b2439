"""Every list of a scan: load the items, read them once, then one search after the other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.profile import FindingKind, FindingsResult, FindingsSpec, FoundItem
from workers.engines.findings import (
    features,
    image_items,
    image_twins,
    labels,
    outliers,
    regions,
    row_twins,
    splits,
    text_twins,
)
from workers.engines.findings.loading import Look, load_items
from workers.engines.findings.twins import Pair, list_twins
from workers.engines.profile import suspects
from workers.engines.profile.cells import connect, quote, sniff_columns, write_cells
from workers.engines.profile.texts import NEAR_EMPTY_WORDS, is_damaged, repair

VECTOR = 50
MOSTLY_MISSING = 0.8


def run(spec: FindingsSpec, *, workdir: Path, report: Report, should_stop: ShouldStop) -> FindingsResult:
    """All lists, each ranked, with what was looked at; memory is bounded by `max_items`."""
    workdir = Path(workdir)
    report.progress(0.02, "Reading the items")
    look = Look(spec, load_items(spec, workdir), workdir, report, should_stop)
    search = {"text": _search_texts, "image": _search_images, "row": _search_rows}[spec.item_kind]
    found, pairs = search(look)
    report.progress(0.95, "Comparing the splits")
    found += splits.find_leaks(look.items, pairs, len(look.items))
    _describe_sample(look)
    found = _cut(look, found)
    columns = _judge_columns(look) if spec.item_kind == "row" else ()
    return FindingsResult(tuple(found), look.items.total, dict(look.notes), columns)


def _search_texts(look: Look) -> tuple[list[FoundItem], list[Pair]]:
    texts: list[str] = look.items.contents
    look.report.progress(0.1, "Looking for equal texts")
    equal = text_twins.find_equal(texts)
    look.report.progress(0.2, "Looking for edited texts")
    edited = text_twins.find_edited(texts, {pair.b for pair in equal}, look.check)
    found = _list_pairs(look, equal, edited)
    look.report.progress(0.5, "Learning what the labels have in common")
    encoded = features.encode_texts(texts) if len(texts) > 1 else None
    found += labels.find_label_errors(look, encoded)
    look.report.progress(0.7, "Looking at where spans are")
    found += regions.find_doubtful_regions(look)
    look.report.progress(0.8, "Looking for texts unlike all others")
    if encoded is not None and encoded.shape[1] > 2:
        readable = np.asarray(encoded.getnnz(axis=1) > 0)
        found += outliers.find_by_distance(look, features.reduce(encoded, VECTOR, look.spec.seed), readable)
    return found + _find_damaged_texts(look), equal + edited


def _find_damaged_texts(look: Look) -> list[FoundItem]:
    found = []
    for item_id, text in zip(look.items.ids, look.items.contents, strict=True):
        words = len(text.split())
        if words < NEAR_EMPTY_WORDS:
            reason = "Empty" if not words else f"Only {words} word{'s' if words > 1 else ''}"
            found.append(FoundItem(FindingKind.DAMAGED, int(item_id), round(1 - words / 10, 2), reason))
        elif is_damaged(text):
            mended = "it may have read: " + " ".join(repair(text).split())[:120]
            found.append(FoundItem(FindingKind.DAMAGED, int(item_id), 0.9, f"Read in a wrong encoding; {mended}"))
    return sorted(found, key=lambda f: (-f.score, f.item_id))


def _search_images(look: Look) -> tuple[list[FoundItem], list[Pair]]:
    read = image_items.read_all(look)
    look.report.progress(0.4, "Looking for copies")
    equal = image_items.find_equal(read)
    copied = {pair.b for pair in equal}
    prints = [None if n in copied else one for n, one in enumerate(read.prints)]
    near = image_twins.find_copies(prints, look.check)
    look.notes[FindingKind.NEAR_DUPLICATES] = image_twins.LIMITS
    found = _list_pairs(look, equal, near)
    look.report.progress(0.6, "Looking at what is in the pictures")
    encoded = image_items.encode(look, read)
    look.report.progress(0.8, "Learning what the labels have in common")
    found += labels.find_label_errors(look, encoded)
    look.report.progress(0.85, "Looking at where regions are")
    found += regions.find_doubtful_regions(look)
    if len(look.items) > 2:
        vectors = features.reduce(encoded, VECTOR, look.spec.seed)
        found += outliers.find_by_distance(look, vectors, read.is_readable)
    found += image_items.find_blurred(look, read)
    return found + image_items.find_damaged(look, read), equal + near


def _search_rows(look: Look) -> tuple[list[FoundItem], list[Pair]]:
    rows: list[dict[str, Any]] = look.items.contents
    columns = list(look.spec.columns) or _guess_columns(look)
    numbers = [name for name, kind in columns if kind == "number"]
    equal = row_twins.find_equal(rows)
    look.report.progress(0.2, "Looking for rows that are nearly the same")
    close = row_twins.find_close(rows, numbers, {pair.b for pair in equal}, look.check, look.spec.row_tolerance)
    look.notes[FindingKind.NEAR_DUPLICATES] = (
        f"Rows are near where their categories are the same and every number differs by at most "
        f"{look.spec.row_tolerance:.2%} of the range of its column."
    )
    found = _list_pairs(look, equal, close)
    look.report.progress(0.4, "Learning what the labels have in common")
    table = features.encode_rows(rows, columns)
    found += labels.find_label_errors(look, table if len(table.columns) else None)
    look.report.progress(0.8, "Looking for rows unlike all others")
    found += outliers.find_by_isolation(look, table)
    return found + _find_damaged_rows(look, [name for name, _ in columns]), equal + close


def _find_damaged_rows(look: Look, names: list[str]) -> list[FoundItem]:
    found = []
    for item_id, row in zip(look.items.ids, look.items.contents, strict=True):
        missing = sum(row.get(name) in (None, "") for name in names) / (len(names) or 1)
        if missing >= MOSTLY_MISSING:
            reason = f"{missing:.0%} of its cells are empty"
            found.append(FoundItem(FindingKind.DAMAGED, int(item_id), round(missing, 4), reason))
    return sorted(found, key=lambda f: (-f.score, f.item_id))


def _list_pairs(look: Look, equal: list[Pair], near: list[Pair]) -> list[FoundItem]:
    limit = len(look.items)
    return list_twins(equal, look.items, FindingKind.DUPLICATES, limit) + list_twins(
        near, look.items, FindingKind.NEAR_DUPLICATES, limit
    )


def _guess_columns(look: Look) -> list[tuple[str, str]]:
    with connect(look.workdir) as base:
        base.execute(f"CREATE VIEW m AS SELECT * FROM read_parquet({quote(look.spec.dataset.manifest_path)})")
        return sniff_columns(base)


def _judge_columns(look: Look) -> tuple[dict[str, Any], ...]:
    """Features that give the target away or say nothing, by the same rules as the profile."""
    spec, path = look.spec, look.workdir / "cells.parquet"
    with connect(look.workdir) as base:
        columns = write_cells(base, spec.dataset.manifest_path, spec.facts_path, path, "row", spec.columns)
        sample = base.execute(
            f"SELECT * FROM cells USING SAMPLE reservoir({suspects.SAMPLE_ROWS} ROWS) REPEATABLE (7)"
        ).df()
    return tuple(suspects.judge_columns(sample, columns, spec.label_kind, spec.label_names)[1])


def _cut(look: Look, found: list[FoundItem]) -> list[FoundItem]:
    """The first of each list, and a note where there are more."""
    counts, kept, most = Counter(one.kind for one in found), [], look.spec.max_listed
    for kind, count in counts.items():
        kept += [one for one in found if one.kind == kind][:most]
        if count > most:
            look.notes[kind] = f"{look.notes.get(kind, '')} Listed are the first {most:,} of {count:,}.".strip()
    return kept


def _describe_sample(look: Look) -> None:
    """Say so where only a part was compared."""
    items = look.items
    if items.is_sample:
        part = f"{len(items):,} of {items.total:,} items were compared, chosen at random"
        part += "." if look.spec.item_kind == "image" else "; equal ones were looked for among all."
        for kind in FindingKind:
            if kind == FindingKind.REGIONS and kind not in look.notes:
                continue  # labels have none here
            look.notes[kind] = f"{look.notes.get(kind, '')} {part}".strip()
    listed = Counter(items.splits)
    if len(listed) < 2:
        look.notes[FindingKind.SPLIT_LEAKS] = "All items are in one split, so nothing can leak between splits."
