"""Which column plays which part: guessed from names and values, checked when a person has said it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import COLUMN_KINDS, MISSING_WORDS, SPLIT_FOLDERS, ColumnMapping
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.kinds import is_missing, is_number

LABEL_NAMES = ("label", "class", "target", "category", "y", "sentiment", "tag", "labels", "outcome")
TEXT_NAMES = ("text", "content", "review", "sentence", "body", "message", "comment", "tweet", "document", "description")
SPLIT_NAMES = ("split", "partition", "subset", "fold_name")
GROUP_NAMES = ("group", "group_id")
TIME_NAMES = event_times.NAMES
MAX_CLASSES_GUESSED = 200
TARGET_SHARE = 0.8  # numbers in a column that is called a target: its other rows are set aside with their lines
OWN_COLUMNS = frozenset({"item_id", "content_hash", "regions"})  # what our exports say of an item beside its content


def guess_mapping(
    columns: Sequence[str],
    kinds: Mapping[str, str],
    rows: Sequence[Sequence[object]],
    *,
    item_kind: str,
    label_kind: str,
) -> ColumnMapping:
    """What the names suggest. A label is only guessed where the values could be labels."""
    values = {name: [row[i] for row in rows if not is_missing(row[i])] for i, name in enumerate(columns)}
    split = next((c for c in _named(columns, SPLIT_NAMES) if _are_splits(values[c])), "")
    text = _guess_text(columns, kinds, values) if item_kind == "text" else ""
    group = next(iter(_named(columns, GROUP_NAMES)), "")
    taken = {split, text, group}
    label = next(
        (c for c in _named(columns, LABEL_NAMES) if c not in taken and _may_label(kinds[c], values[c], label_kind)), ""
    )
    time = next((c for c in _named(columns, TIME_NAMES) if c not in {*taken, label} and kinds[c] == "date"), "")
    return ColumnMapping(text=text, label=label, group=group, split=split, time=time)


def check_mapping(mapping: ColumnMapping, columns: Sequence[str], *, item_kind: str) -> None:
    """Raises Refused, naming the column that is not there or not said."""
    named = [mapping.text, mapping.label, mapping.group, mapping.split, mapping.time, *mapping.features]
    missing = [name for name in named if name and name not in columns]
    if missing:
        raise Refused(f"the column {missing[0]!r} is not in this file (it has: {', '.join(columns[:12])})")
    if item_kind == "text" and not mapping.text:
        raise Refused("it is not said which column holds the text")
    unknown = [kind for _, kind in mapping.kinds if kind not in COLUMN_KINDS]
    if unknown:
        raise Refused(f"{unknown[0]!r} is no kind of column; use one of {', '.join(COLUMN_KINDS)}")


def list_features(mapping: ColumnMapping, columns: Sequence[str]) -> list[str]:
    """The columns that make up a row. A date does, whatever part it plays: it is something to learn from and to filter
    by; but not the column in which exports say what moment an item is of."""
    roles = {mapping.text, mapping.label, mapping.group, mapping.split}
    roles |= {mapping.time} & {event_times.COLUMN}
    if not mapping.features and is_own(columns):
        roles |= OWN_COLUMNS
    return [c for c in (mapping.features or columns) if c not in roles]


def is_own(columns: Sequence[str]) -> bool:
    """Whether a table was written by this application: nothing is learned from an item's number or hash."""
    return {"item_id", "content_hash", "split", "label"} <= set(columns)


def _named(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    by_name = {c.lower(): c for c in columns}
    if "x" in by_name:
        by_name.pop("y", None)  # a coordinate, not a label
    return [by_name[name] for name in names if name in by_name]


def _guess_text(columns: Sequence[str], kinds: Mapping[str, str], values: Mapping[str, list]) -> str:
    named = _named(columns, TEXT_NAMES)
    if named:
        return named[0]
    wordy = [c for c in columns if kinds[c] in ("text", "category") and values[c]]
    return max(wordy, key=lambda c: sum(len(str(v)) for v in values[c]) / len(values[c]), default="")


def _are_splits(values: Sequence[object]) -> bool:
    return bool(values) and all(str(v).strip().lower() in SPLIT_FOLDERS for v in values)


def _may_label(kind: str, values: Sequence[object], label_kind: str) -> bool:
    if label_kind == "number":
        said = [value for value in values if str(value).strip().lower() not in MISSING_WORDS]
        return kind == "number" or bool(said) and sum(map(is_number, said)) >= TARGET_SHARE * len(said)
    return len({str(v) for v in values}) <= MAX_CLASSES_GUESSED
