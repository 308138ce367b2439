"""Runs of ids of a manifest are its ids, for any ids and any chunks."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.datasets import manifests
from lifecycle.datasets.chunks import SCHEMA

IDS = st.one_of(st.none(), st.integers(1, 30), st.integers(1, 2**62))
CHUNKS = st.lists(st.lists(st.tuples(IDS, st.sampled_from([1, 2, 3])), max_size=20), max_size=4)


@given(chunks=CHUNKS, collections=st.one_of(st.none(), st.lists(st.sampled_from([1, 2, 9]), max_size=2)))
def test_runs_hold_every_id_once_and_no_other(tmp_path_factory, chunks, collections):
    folder, paths = tmp_path_factory.mktemp("chunks"), []
    for number, rows in enumerate(chunks):
        columns = {name: [None] * len(rows) for name in SCHEMA.names}
        columns |= {"annotation_id": [pk for pk, _ in rows], "collection_id": [source for _, source in rows]}
        paths.append(folder / f"{number}.parquet")
        pq.write_table(pa.table(columns, schema=SCHEMA), paths[-1])

    firsts, lasts = manifests.list_runs(paths, "annotation_id", collections)

    wanted = {pk for rows in chunks for pk, source in rows if pk and (collections is None or source in collections)}
    assert all(a <= b for a, b in zip(firsts, lasts, strict=True))
    assert all(a > b + 1 for a, b in zip(firsts[1:], lasts, strict=False))
    assert sum(b - a + 1 for a, b in zip(firsts, lasts, strict=True)) == len(wanted)
    assert all(any(a <= pk <= b for a, b in zip(firsts, lasts, strict=True)) for pk in wanted)
