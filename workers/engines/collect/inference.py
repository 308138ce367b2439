"""A first contract, from what the first rows look like: types and a key; no range, for a sample has seen too little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifecycle.contracts.ingest import ROLES, ColumnMapping
from lifecycle.contracts.sources import FILE_COLUMNS, ColumnRule, Contract
from workers.engines.ingest.kinds import infer_kind, is_missing, parse_number
from workers.engines.ingest.mapping import guess_mapping

KEY_NAMES = ("id", "uuid", "guid", "key", "_id", "row_id", "rowid", "item_id")
TRUTH_WORDS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})
NO_KEY = (
    "No column is the key, so nobody can tell which row a changed one was: it comes in as a new item, and the old one "
    "stays. If the rows change, choose a key in the contract."
)
ENOUGH_ROWS = 3


def infer_contract(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    known_kinds: Mapping[str, str] | None = None,
    key: Sequence[str] = (),
) -> Contract:
    """Types by the values (what a dataset already knows about a column wins); the primary key, or a column that is
    named and looks like one."""
    known = known_kinds or {}
    rules = []
    for place, name in enumerate(columns):
        cells = [row[place] for row in rows]
        rules.append(ColumnRule(name=name, type=_infer_type(cells, known.get(name, ""))))
    found = tuple(key) if key and set(key) <= set(columns) else _guess_key(columns, rows)
    required = [ColumnRule(rule.name, rule.type, required=True) if rule.name in found else rule for rule in rules]
    return Contract(columns=tuple(required), key=found)


def infer_mapping(
    columns: Sequence[str], rows: Sequence[Sequence[object]], contract: Contract, *, item_kind: str, label_kind: str
) -> ColumnMapping:
    """Which column is text, label, group or split, by names and values."""
    kinds = {rule.name: rule.kind for rule in contract.columns}
    return guess_mapping(columns, kinds, rows, item_kind=item_kind, label_kind=label_kind)


def list_file_columns(contract: Contract, mapping: ColumnMapping) -> list[str]:
    """The contract's columns that only files may have, where some stand beside tables: none that rows must have, or
    that plays a part in them. Labels are of both."""
    parts = {*mapping.features, *contract.key, *(getattr(mapping, role) for role in ROLES)}
    asked = {name for name, _ in FILE_COLUMNS} - {"label"} - parts
    return [rule.name for rule in contract.columns if rule.name in asked and not rule.required]


def _infer_type(cells: Sequence[object], known: str) -> str:
    said = [cell for cell in cells if not is_missing(cell)]
    kind = known or infer_kind(said)
    if kind == "number":
        return "integer" if said and all(map(_is_whole, said)) else "number"
    words = {str(cell).strip().lower() for cell in said}
    if kind == "category" and len(words) == 2 and words in TRUTH_WORDS:
        return "boolean"
    return kind


def _is_whole(cell: object) -> bool:
    try:
        return isinstance(parse_number(cell), int | None)
    except ValueError:
        return True  # one bad cell does not change what the column is


def _guess_key(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[str, ...]:
    for place, name in enumerate(columns):
        if name.lower() in KEY_NAMES and len(rows) >= ENOUGH_ROWS:
            values = [row[place] for row in rows]
            if not any(map(is_missing, values)) and len(set(map(str, values))) == len(values):
                return (name,)
    return ()
