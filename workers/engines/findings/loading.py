"""The items that are compared: all of them, or a random choice of a large set, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.profile import FindingsSpec
from workers.engines.profile.cells import connect, quote

TEXT_CHARS = 20_000  # of a text, for comparing
# What equal items have in common, as text_twins and row_twins read it, in SQL; pictures would have to be decoded.
EQUAL_KEYS = {
    "text": r"trim(regexp_replace(lower(content), '[^\p{L}\p{N}]+', ' ', 'g'))",
    "row": r"""regexp_replace(regexp_replace(lower(content), '\s+', ' ', 'g'), '\s*"\s*', '"', 'g')""",
}
# Those on several sides of a split first, then those with several labels.
EQUAL = """
    SELECT unnest(ids) AS item_id FROM (
        SELECT list(item_id) AS ids, count(DISTINCT split) AS sides, count(DISTINCT label) AS labels,
               min(item_id) AS low
        FROM (SELECT item_id, split, label, {key} AS key FROM ({source})) WHERE key <> ''
        GROUP BY md5(key) HAVING count(*) > 1 ORDER BY sides DESC, labels DESC, low)
    LIMIT {limit}"""


@dataclass
class Items:
    """Parallel columns of the items looked at. `contents` are texts, rows as dicts, or blob hashes."""

    ids: np.ndarray  # int64 [n]
    splits: list[str]
    labels: list[str | None]
    groups: list[str | None]
    contents: list[Any]
    results: list[str | None]  # the regions behind a label, as JSON
    total: int  # in the dataset

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_sample(self) -> bool:
        return len(self.ids) < self.total


@dataclass(frozen=True)
class Look:
    """What every search is handed."""

    spec: FindingsSpec
    items: Items
    workdir: Path
    report: Report
    should_stop: ShouldStop
    notes: dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raises Canceled when the job is to stop."""
        if self.should_stop():
            raise Canceled


def load_items(spec: FindingsSpec, workdir: Path) -> Items:
    """Up to `max_items` items, by id; of more a random choice, and with it those of all texts or rows that are there
    more than once, up to half as many again: equal ones are found however large the set is."""
    field_name = {"text": f"left(text, {TEXT_CHARS})", "image": "blob", "row": "row"}[spec.item_kind]
    source = f'SELECT item_id, split, label, "group", {field_name} AS content, result FROM read_parquet({quote(spec.dataset.manifest_path)})'  # noqa: E501
    with connect(workdir) as base:
        total = base.execute(f"SELECT count(*) FROM ({source})").fetchall()[0][0]
        if total > spec.max_items:
            sample = f"SELECT * FROM ({source}) USING SAMPLE reservoir({spec.max_items} ROWS) REPEATABLE ({spec.seed})"
            if key := EQUAL_KEYS.get(spec.item_kind):
                equal = EQUAL.format(key=key, source=source, limit=spec.max_items // 2)
                base.execute(f"CREATE TEMP TABLE equal AS {equal}")
                picked = f"SELECT item_id FROM ({sample}) UNION SELECT item_id FROM equal"
                source = f"SELECT * FROM ({source}) WHERE item_id IN ({picked})"
            else:
                source = sample
        table = base.execute(f"SELECT * FROM ({source}) WHERE content IS NOT NULL ORDER BY item_id")
        columns = _read_columns(table)
    read: Callable[[str], Any] = json.loads if spec.item_kind == "row" else str
    return Items(
        ids=np.array(columns[0], dtype=np.int64),
        splits=columns[1],
        labels=columns[2],
        groups=columns[3],
        contents=[read(content) for content in columns[4]],
        results=columns[5],
        total=total,
    )


def _read_columns(table: duckdb.DuckDBPyConnection) -> list[list]:
    rows = table.fetchall()
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(6)]
