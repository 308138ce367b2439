"""Tables whose later rows bring columns that the first ones did not have."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from workers.engines.labels_export import tables

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | st.integers() | st.none()
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "lead_time", "x y", "é"]), CELLS), max_size=8)


def write(rows: list[dict], folder, delimiter: str = ",") -> str:
    """The file of these rows, each the data of one answered task."""
    about = dict.fromkeys(("annotator", "annotation_id", "created_at", "updated_at", "lead_time"))
    source = SimpleNamespace(written=0, read_tasks=lambda: iter([SimpleNamespace(body=row) for row in rows]))
    flatten = tables.flatten
    tables.flatten = lambda body: iter([about | body] if body else [])
    try:
        tables._write_table(source, folder / "labels.csv", delimiter)
    finally:
        tables.flatten = flatten
    assert source.written == len(rows)
    assert [path.name for path in folder.iterdir()] == ["labels.csv"]
    return (folder / "labels.csv").read_bytes().decode()


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, delimiter=st.sampled_from([",", "\t"]))
def test_every_cell_is_under_its_head(rows, delimiter, tmp_path_factory):
    text = write(rows, tmp_path_factory.mktemp("table"), delimiter)

    found = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    kept = [row for row in rows if row]
    assert len(found) == len(kept)
    for cells, row in zip(found, kept, strict=True):
        for name, value in row.items():
            wanted = tables._write_cell(value)
            assert cells[name] == ("" if wanted is None else str(wanted))
        assert all(value == "" for name, value in cells.items() if name not in row)


def test_a_cell_longer_than_the_reader_takes_survives_a_new_column(tmp_path):
    text = write([{"a": "x" * 300_000}, {"a": "y", "b": 1}], tmp_path)

    assert text.splitlines()[1].startswith("x" * 300_000 + ",")
    assert text.splitlines()[0].startswith("a,b,annotator")


def test_times_are_written_as_the_door_writes_them(tmp_path):
    text = write([{"a": 1, "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}], tmp_path)

    assert "2026-01-02T03:04:05Z" in text
