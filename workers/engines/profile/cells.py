"""The items of a manifest as a Parquet file with one typed column a feature or measure: what all statistics read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

MEMORY = "512MB"
SNIFFED_ROWS = 2_000
NUMBER_SHARE = 0.95
TARGET = "CASE WHEN NOT isnan(try_cast(m.label AS DOUBLE)) THEN try_cast(m.label AS DOUBLE) END AS target"
# name -> (expression over manifest `m` and facts `f`, title); those of the item's kind only
TEXT_MEASURES = {"length": ("length(m.text)", "Characters"), "words": ("f.words", "Words")}
IMAGE_MEASURES = {
    "width": ("f.width", "Width"),
    "height": ("f.height", "Height"),
    "aspect": ("f.width / nullif(f.height, 0)::DOUBLE", "Width to height"),
    "bytes": ("f.byte_size", "File size"),
    "brightness": ("f.brightness", "Brightness"),
    "contrast": ("f.contrast", "Contrast"),
    "sharpness": ("f.sharpness", "Sharpness"),
    "channels": ("f.channels", "Channels"),
}
MEASURES = {"text": TEXT_MEASURES, "image": IMAGE_MEASURES, "row": {}}


@dataclass(frozen=True)
class Column:
    """One column of the cells: `key` in the Parquet file, `name` as people know it; a measure or a table's feature."""

    key: str
    name: str
    title: str
    kind: str  # number | category | date | text
    is_measure: bool = False


def connect(workdir: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB that stays small and spills into the job's folder."""
    spill = workdir / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {
        "threads": 2,
        "memory_limit": MEMORY,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    return duckdb.connect(config=settings)


def write_cells(
    base: duckdb.DuckDBPyConnection,
    manifest: str,
    facts: str,
    target: Path,
    item_kind: str,
    columns: Iterable[tuple[str, str]],
) -> list[Column]:
    """Write `target` and make it the view `cells`: item_id, split, label, grp, collection_id, created_at, event_time
    (UTC), target (the label as a number), c0, c1 … In `cells` every number is finite; `raw_cells` has the infinite
    ones too, and neither has NaN, which is a missing value."""
    base.execute(f"CREATE OR REPLACE VIEW m AS SELECT * FROM read_parquet({quote(manifest)})")
    base.execute(f"CREATE OR REPLACE VIEW f AS SELECT * FROM read_parquet({quote(facts)})")
    found = [
        Column(f"c{n}", name, title, "number", is_measure=True)
        for n, (name, (_, title)) in enumerate(MEASURES[item_kind].items())
    ]
    picked = [f"{MEASURES[item_kind][c.name][0]} AS {c.key}" for c in found]
    source = "m"
    if item_kind == "row":
        known = list(columns) or sniff_columns(base)
        found = [Column(f"c{n}", name, name, kind) for n, (name, kind) in enumerate(known)]
        parsed, picked = _pick_features(found)
        source = f"(SELECT * EXCLUDE (row), {parsed} AS r, row FROM m)"
    names = {name for name, *_ in base.execute("DESCRIBE m").fetchall()}
    event_time = "m.event_time" if "event_time" in names else "NULL::TIMESTAMP AS event_time"  # an older manifest
    fields = ", ".join([
        "m.item_id", "m.split", "m.label", 'm."group" AS grp', "f.collection_id", "f.created_at", event_time, TARGET,
        *picked,
    ])  # fmt: skip
    base.execute(
        f"COPY (SELECT {fields} FROM {source} m LEFT JOIN f USING (item_id)) TO {quote(target)} (FORMAT parquet)"
    )
    base.execute(f"CREATE OR REPLACE VIEW raw_cells AS SELECT * FROM read_parquet({quote(target)})")
    numbers = ["target", *(column.key for column in found if column.kind == "number")]
    finite = ", ".join(f"CASE WHEN isfinite({key}::DOUBLE) THEN {key} END AS {key}" for key in numbers)
    base.execute(f"CREATE OR REPLACE VIEW cells AS SELECT * REPLACE ({finite}) FROM raw_cells")
    return found


def _pick_features(columns: Sequence[Column]) -> tuple[str, list[str]]:
    """One parse of the whole row, and a typed expression for each feature. Names that differ by case only cannot
    share a struct in DuckDB, and an empty one has no place in it: those are read by JSON pointer."""
    shapes: dict[str, str] = {}
    picked = []
    for column in columns:
        if column.name and column.name.lower() not in {name.lower() for name in shapes}:
            shapes[column.name] = "DOUBLE" if column.kind == "number" else "VARCHAR"
            value = f"m.r.{identify(column.name)}"
        else:
            pointer = "/" + column.name.replace("~", "~0").replace("/", "~1")
            value = f"json_extract_string(m.row, {quote(pointer)})"
            value = f"try_cast({value} AS DOUBLE)" if column.kind == "number" else value
        if column.kind == "number":
            value = f"CASE WHEN NOT isnan({value}) THEN {value} END"
        picked.append(f"{value} AS {column.key}")
    return (f"from_json(row, {quote(json.dumps(shapes))})" if shapes else "NULL"), picked


def sniff_columns(base: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(name, kind) of a table whose columns nobody described, by its first rows."""
    rows = [json.loads(text) for (text,) in base.execute(f"SELECT row FROM m LIMIT {SNIFFED_ROWS}").fetchall() if text]
    names = list(dict.fromkeys(name for row in rows for name in row))
    found = []
    for name in names:
        values = [row[name] for row in rows if row.get(name) is not None]
        numbers = sum(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        found.append((name, "number" if values and numbers >= NUMBER_SHARE * len(values) else "category"))
    return found


def quote(value: object) -> str:
    """An SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def identify(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
