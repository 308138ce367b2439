"""The Hugging Face layout, read the way `datasets.load_dataset(folder)` does: YAML at the head of the card, splits by
the names of files and folders, one set of column types over all splits. The library itself is no dependency."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from lifecycle.contracts.exports import ExportSpec
from tests.workers.engines.export.test_regions import Quiet, box, draw
from workers.engines import export as engine

CARD = '---\npretty_name: "Cats: \\"real\\" ones"\nlicense: "mit"\n---\n# Cats\n'
SPLITS = ("train", "validation", "test")
DATA_FILE = re.compile(r"data/(train|validation|test)-\d{5}-of-\d{5}\.parquet")  # of load_dataset's default patterns
FOLDER = re.compile(r"(train|validation|test)/metadata\.parquet")


@pytest.fixture
def export(tmp_path):
    """export(kind, rows) is the archive; of the rows every fourth is in validation, every fifth in test."""

    def export(kind: str, rows: list[dict]) -> zipfile.ZipFile:
        count = len(rows)
        splits = ["test" if n % 5 == 4 else "validation" if n % 4 == 3 else "train" for n in range(count)]
        table = pa.table({
            "item_id": list(range(1, count + 1)), "content_hash": [f"{n:064x}" for n in range(count)], "split": splits,
            "label": pa.array([row.get("label") for row in rows], pa.string()), "group": pa.nulls(count, pa.string()),
            "blob": pa.array(["b" * 64 if kind == "image" else None] * count, pa.string()),
            "text": pa.array([row.get("text") for row in rows], pa.string()),
            "row": pa.array([json.dumps(row["row"]) if "row" in row else None for row in rows], pa.string()),
            "result": pa.array([json.dumps(row["result"]) if row.get("result") else None for row in rows], pa.string()),
            "mime": ["image/png"] * count, "width": [200] * count, "height": [100] * count,
        })  # fmt: skip
        path = tmp_path / "chunk.parquet"
        pq.write_table(table, path)
        columns = (("size", "number"), ("color", "category")) if kind == "row" else ()
        spec = ExportSpec("huggingface", kind, ("cat", "dog"), columns, (str(path),), card=CARD)
        result = engine.run(
            spec, workdir=tmp_path, report=Quiet(), should_stop=lambda: False, open_blob=lambda blob: io.BytesIO(draw())
        )
        return zipfile.ZipFile(result.path)

    return export


def read_tables(archive: zipfile.ZipFile) -> dict[str, pa.Table]:
    """{split: its rows}; fails where load_dataset would find another split, or other types in one of them."""
    head = yaml.safe_load(archive.read("README.md").decode().split("---")[1])
    assert head == {"pretty_name": 'Cats: "real" ones', "license": "mit"}
    found = {}
    for name in archive.namelist():
        if (match := DATA_FILE.fullmatch(name)) or (match := FOLDER.fullmatch(name)):
            found[match[1]] = pq.read_table(io.BytesIO(archive.read(name)))
    assert set(found) == set(SPLITS) and len({str(table.schema) for table in found.values()}) == 1
    return found


@pytest.mark.parametrize(
    ("kind", "row"),
    [("text", {"text": "a cat", "label": "cat"}), ("row", {"row": {"size": 3.5, "color": "red"}, "label": "dog"})],
)
def test_tables_have_a_file_a_split_and_one_schema(export, kind, row):
    # in validation nothing has a label: its column is text all the same
    rows = [row if n % 4 != 3 or n % 5 == 4 else row | {"label": None} for n in range(40)]

    found = read_tables(export(kind, rows))

    assert sum(table.num_rows for table in found.values()) == 40
    assert found["validation"]["label"].null_count == found["validation"].num_rows
    content = found["train"].to_pylist()[0]
    assert content["label"] == row["label"]
    assert content["text"] == "a cat" if kind == "text" else (content["size"], content["color"]) == (3.5, "red")


def test_pictures_lie_beside_the_list_that_names_them(export):
    # in validation nothing has a label: its column is text all the same
    labels = ["cat" if n % 2 else "dog" for n in range(40)]
    labels = [None if n % 4 == 3 and n % 5 != 4 else label for n, label in enumerate(labels)]
    archive = export("image", [{"label": label} for label in labels])

    found = read_tables(archive)

    for split, table in found.items():
        for name in table["file_name"].to_pylist():
            with Image.open(io.BytesIO(archive.read(f"{split}/{name}"))) as picture:
                assert picture.size == (200, 100)
    assert set(found["train"]["label"].to_pylist()) == {"cat", "dog"}
    assert found["validation"]["label"].null_count == found["validation"].num_rows


def test_regions_are_of_one_type_in_every_split(export):
    """load_dataset refuses lists whose types differ: here test has no region at all, and train has two kinds."""
    turned = {"type": "choices", "from_name": "c", "to_name": "item", "value": {"choices": ["big"]}}
    rows = [{"label": "cat", "result": [box("cat", 1, 2, 3, 4), *[turned] * (n % 2)] if n % 5 != 4 else None}
            for n in range(40)]  # fmt: skip

    found = read_tables(export("image", rows))

    assert json.loads(found["train"]["regions"][0].as_py())[0]["value"]["rectanglelabels"] == ["cat"]
    assert set(found["test"]["regions"].to_pylist()) == {"[]"}
    boxes = found["train"]["objects"].to_pylist()
    assert boxes[0] == {"bbox": [[2.0, 2.0, 6.0, 4.0]], "categories": ["cat"]}
    assert boxes[1] is None, "there is more than boxes say"
    assert set(map(str, found["test"]["objects"].to_pylist())) == {"None"}
