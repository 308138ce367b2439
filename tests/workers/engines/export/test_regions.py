"""Boxes, polygons and spans written and read back: by our own readers, which other tools' files pass too."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.exports import ExportSpec
from workers.engines import export as engine
from workers.engines.ingest.formats.coco import read_coco
from workers.engines.ingest.formats.conll import read_conll
from workers.engines.ingest.formats.voc import read_voc
from workers.engines.ingest.formats.yolo import read_boxes, read_classes

SIZE = (200, 100)


class Quiet:
    """A report that nobody reads."""

    def progress(self, fraction, message=""): ...
    def log(self, message, level="info"): ...


def draw() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)).save(out, "PNG")
    return out.getvalue()


def box(label, x, y, width, height, rotation=0):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": rotation, "rectanglelabels": [label]}
    return {"type": "rectanglelabels", "from_name": "label", "to_name": "item", "value": value}


def polygon(label, *points):
    value = {"points": [list(point) for point in points], "closed": True, "polygonlabels": [label]}
    return {"type": "polygonlabels", "from_name": "label", "to_name": "item", "value": value}


REGIONS = {
    1: [box("cat", 10, 20, 30, 40), box("dog & co", 0, 0, 100, 100)],
    2: [polygon("cat", (10, 10), (50, 10), (50, 60))],
    3: [],
}


@pytest.fixture
def write(tmp_path):
    """write(layout, rows) is the zip that comes of it, and the notes."""

    def write(layout, rows, item_kind="image"):
        path = tmp_path / "chunk.parquet"
        table = {
            "item_id": [row["item_id"] for row in rows],
            "content_hash": [f"{row['item_id']:064x}" for row in rows],
            "split": [row.get("split", "train") for row in rows],
            "label": [row.get("label") for row in rows],
            "group": [None for _ in rows],
            "blob": ["b" * 64 if item_kind == "image" else None for _ in rows],
            "text": [row.get("text") for row in rows],
            "row": [None for _ in rows],
            "result": [json.dumps(row["result"]) for row in rows],
            "mime": ["image/png" for _ in rows],
            "width": [SIZE[0] for _ in rows],
            "height": [SIZE[1] for _ in rows],
        }
        pq.write_table(pa.table(table), path)
        spec = ExportSpec(layout, item_kind, ("cat", "dog & co"), (), (str(path),), card="# Card\n")
        result = engine.run(
            spec, workdir=tmp_path, report=Quiet(), should_stop=lambda: False, open_blob=lambda blob: io.BytesIO(draw())
        )
        return zipfile.ZipFile(result.path), result

    return write


def pictures():
    splits = {1: "train", 2: "train", 3: "test"}
    return [{"item_id": n, "result": result, "split": splits[n]} for n, result in REGIONS.items()]


def test_coco_reads_back_with_boxes_in_pixels_and_polygons(write):
    archive, result = write("coco", pictures())
    content = json.loads(archive.read("annotations/instances_train.json"))

    found = {said[0]: said[1] for said in read_coco(content) if isinstance(said, tuple)}

    first, second = found["1_00000000.png"], found["2_00000000.png"]
    assert [shape.label for shape in first] == ["cat", "dog & co"]
    assert first[0].points == ((20.0, 20.0), (80.0, 60.0))
    assert {shape.kind for shape in second} == {"box", "polygon"}
    assert content["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog & co"}]
    assert "images/test/3_00000000.png" in archive.namelist() and result.items == 3


def test_yolo_reads_back_with_fractions(write):
    archive, result = write("yolo", pictures())

    classes = read_classes(archive.read("data.yaml").decode())
    shapes = list(read_boxes(archive.read("labels/train/1_00000000.txt").decode(), classes))

    assert classes == ["cat", "dog & co"]
    assert np.allclose(shapes[0].points, ((0.1, 0.2), (0.4, 0.6)))
    assert archive.read("labels/test/3_00000000.txt") == b""
    assert any("polygons became" in note for note in result.notes)


def test_voc_reads_back(write):
    archive, _ = write("voc", pictures())

    picture = read_voc(archive.read("Annotations/1_00000000.xml"))

    assert picture.file_name == "1_00000000.png" and not picture.problems
    assert [shape.label for shape in picture.shapes] == ["cat", "dog & co"]
    assert archive.read("ImageSets/Main/train.txt").decode().split() == ["1_00000000", "2_00000000"]


def test_a_turned_box_becomes_the_upright_one_around_it_and_is_told(write):
    archive, result = write("coco", [{"item_id": 1, "result": [box("cat", 50, 50, 10, 10, rotation=90)]}])

    (region,) = json.loads(archive.read("annotations/instances_train.json"))["annotations"]

    assert np.allclose(region["bbox"], [90, 50, 10, 20])  # 20 x 10 pixels, turned about the upper left corner
    assert any("turned" in note for note in result.notes)


def test_spans_become_bio_tags_and_read_back(write):
    text = "Ada Lovelace lived in London."
    spans = [(0, 12, "PER"), (22, 28, "LOC"), (4, 12, "PER")]
    result = [{"type": "labels", "value": {"start": a, "end": b, "labels": [name]}} for a, b, name in spans]
    archive, done = write("conll", [{"item_id": 1, "text": text, "result": result}], "text")

    (sentence,) = read_conll(archive.read("train.conll").decode().splitlines(keepends=True))

    assert [(sentence.text[s.start : s.end], s.label) for s in sentence.spans] == [
        ("Ada Lovelace", "PER"),
        ("London", "LOC"),
    ]
    assert any("overlap" in note for note in done.notes)


def test_an_export_stops_when_told(write, tmp_path):
    write("coco", pictures())
    spec = ExportSpec("coco", "image", (), (), (str(tmp_path / "chunk.parquet"),))

    with pytest.raises(Canceled):
        engine.run(spec, workdir=tmp_path, report=Quiet(), should_stop=lambda: True, open_blob=lambda b: io.BytesIO())
