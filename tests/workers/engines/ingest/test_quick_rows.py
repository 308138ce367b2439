"""A thousand rows at a time come out exactly as one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.contracts.ingest import ColumnMapping, IngestLimits, IngestSpec
from workers.engines.ingest.csv_rows import BadLine
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.records import Position, Record
from workers.engines.ingest.rows import RowBuilder

NUMBERS = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-(2**70), 2**70),
    st.sampled_from(["1", "1.0", " 2 ", "1e3", "x", "", "NA", "1_0"]),
)
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.integers(0, 2),
    st.floats(0, 2),
    st.sampled_from(["", " a ", "\0", "\udc80", "é"]),
)
LABELS = st.sampled_from(["cat", "dog", "", None, 1, 1.0, "\0", "x" * 300])
SPLITS = st.sampled_from(["train", "Test", "", "sideways"])
LIMITS = IngestLimits(row_bytes=60)


@given(st.lists(st.tuples(NUMBERS, TEXTS, TEXTS, LABELS, SPLITS), max_size=30))
@settings(max_examples=200, deadline=None)
def test_a_batch_of_rows_is_the_rows_one_by_one(cells):
    spec = IngestSpec(item_kind="row", paths=(), limits=LIMITS)
    kinds = {"size": "number", "color": "category", "a note": "text", "label": "category", "split": "category"}
    mapping = ColumnMapping(label="label", split="split")
    builder = RowBuilder(spec, mapping, list(kinds), kinds, "t.csv")
    rows = [(line, row) for line, row in enumerate(cells, start=2)]

    batch = builder.build_batch([*rows, BadLine(99, "broken")], Position(0))

    expected, reasons = [], []
    for line, row in rows:
        try:
            expected.append(builder.build(line, row))
        except Refused as refused:
            reasons.append((line, str(refused)))
    made = [
        Record(*values)
        for values in zip(*([None] * batch.size if c is None else c for c in batch.columns), strict=True)
    ]
    assert made == expected and batch.size == len(expected)
    assert [(r.line, r.reason) for r in batch.rejects] == [*reasons, (99, "broken")]
