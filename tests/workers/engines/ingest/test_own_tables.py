"""Tables that this application wrote come back as what they were."""

from __future__ import annotations

import json

import pytest

from lifecycle.contracts.ingest import IngestSpec
from tests.workers.engines.ingest.conftest import Silent
from workers.engines.export.tables import disarm
from workers.engines.ingest.preview import inspect

HEADER = "zip,note,split,label,group,item_id,content_hash,regions"


def test_what_stands_beside_the_content_is_no_feature(take_in, tmp_path):
    content = f"{HEADER}\n01234,a,train,x,,7,{'0' * 64},\n50100,'-5 apples,test,y,,8,{'1' * 64},\n".encode()
    path = tmp_path / "a.csv"
    path.write_bytes(content)

    outcome = take_in("row", {"a.csv": content})
    shown = inspect(
        IngestSpec(item_kind="row", paths=(("a.csv", str(path)),)),
        workdir=tmp_path,
        report=Silent(),
        should_stop=lambda: False,
    )

    assert [json.loads(row["row"]) for row in outcome.rows] == [
        {"zip": "01234", "note": "a"}, {"zip": "50100", "note": "-5 apples"},
    ]  # fmt: skip
    assert [(row["split"], row["label"]) for row in outcome.rows] == [("train", "x"), ("test", "y")]
    roles = {column.name: column.role for column in shown.columns}
    assert {roles[name] for name in ("item_id", "content_hash", "regions")} == {"ignore"} and roles["zip"] == "feature"


@pytest.mark.parametrize("cell", ["=SUM(A1)", "+49 123", "-dash", "@me", "\ttab", "'=f", "''quoted", "plain", "it's"])
def test_cells_that_a_spreadsheet_would_run_come_back(take_in, cell):
    text = f'text,split,label,group,item_id,content_hash\n"{disarm(cell)}",train,a,,1,{"0" * 64}\n'
    other = f'text,label\n"{cell}",a\n'

    outcome = take_in("text", {"a.csv": text.encode(), "b.csv": other.encode()})

    assert {row["text"] for row in outcome.rows} == {cell}  # also of a table of somebody else, as it stands
