"""Labels out of an import's parts: the last one of each content, however the rows lie."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.datasets.services import imported_labels, list_disputed, pick_labels

ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["x", "y", None])), max_size=12)


def write_parts(folder, parts) -> list[str]:
    paths = []
    for number, rows in enumerate(parts):
        path = str(folder / f"{number:05d}.parquet")
        hashes, labels = [row[0] for row in rows], [row[1] for row in rows]
        results = pa.nulls(len(rows), pa.string())
        columns = {"content_hash": pa.array(hashes, pa.string()), "label": pa.array(labels, pa.string())}
        pq.write_table(pa.table(columns | {"result": results}), path)
        paths.append(path)
    return paths


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, max_size=4), st.integers(1, 5))
def test_the_last_label_of_each_content_counts(tmp_path_factory, parts, chunk):
    folder = tmp_path_factory.mktemp("parts")
    before, imported_labels.LABEL_CHUNK = imported_labels.LABEL_CHUNK, chunk
    try:
        batches = list(pick_labels(write_parts(folder, parts), spill_folder=folder))
    finally:
        imported_labels.LABEL_CHUNK = before

    picked = [(row["content_hash"], row["label"]) for batch in batches for row in batch.to_pylist()]
    expected = {key: label for rows in parts for key, label in rows if label is not None}
    assert picked == sorted(expected.items())


def test_only_the_chosen_contents_are_picked(tmp_path):
    parts = write_parts(tmp_path, [[("a", "x"), ("b", "x")], [("b", "y"), ("c", "y")]])

    (batch,) = pick_labels(parts, spill_folder=tmp_path, only={"b"})

    assert batch.to_pylist() == [{"content_hash": "b", "label": "y", "result": ""}]


def test_more_labels_than_its_memory_holds_are_spilled(tmp_path):
    rows = [
        (f"{number * 7919 % 400_000:064d}", "a label of some length that fills the memory") for number in range(400_000)
    ]
    parts = write_parts(tmp_path, [rows[:200_000], rows[200_000:], rows[:200_000]])

    batches = pick_labels(parts, spill_folder=tmp_path)

    assert sum(batch.num_rows for batch in batches) == 400_000


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, max_size=4), st.integers(1, 5))
def test_contents_with_different_labels_are_listed(tmp_path_factory, parts, chunk):
    folder = tmp_path_factory.mktemp("parts")
    before, imported_labels.LABEL_CHUNK = imported_labels.LABEL_CHUNK, chunk
    try:
        found = list_disputed(write_parts(folder, parts), spill_folder=folder)
    finally:
        imported_labels.LABEL_CHUNK = before

    said: dict[str, set[str]] = {}
    for key, label in (row for rows in parts for row in rows):
        said.setdefault(key, set()).update({label} - {None})
    assert found == sorted(key for key, labels in said.items() if len(labels) > 1)
