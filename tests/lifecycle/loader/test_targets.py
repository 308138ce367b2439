"""What `torch(split)` gives for every kind of project, through a real DataLoader."""

from __future__ import annotations

import hashlib
import io
import json
import wave
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from lifecycle.contracts.label_interface.names import NameReader as ReferenceReader
from lifecycle.contracts.label_interface.values import join_names
from lifecycle.loader import LoaderError, open_files
from lifecycle.loader.collating import collate
from lifecycle.loader.targets import NOTHING, NameReader, read_boxes
from tests.lifecycle.loader.conftest import draw
from tests.sounds import build_wav

KINDS = {"blob": pa.string(), "text": pa.string(), "row": pa.string(), "result": pa.string(), "label": pa.string(),
         "width": pa.int32(), "height": pa.int32()}  # fmt: skip


@pytest.fixture
def build(tmp_path):
    """build([{...}, …]) is a version with these columns; bytes under "blob" become a file."""

    def build(rows, classes=(), label_kind=""):
        files = []
        for row in rows:
            if isinstance(row.get("blob"), bytes):
                digest = hashlib.sha256(row["blob"]).hexdigest()
                path = tmp_path / digest[:2] / digest
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(row["blob"])
                row = {**row, "blob": digest}
            files.append(row)
        columns = {name: pa.array([row.get(name) for row in files], kind) for name, kind in KINDS.items()}
        count = len(files)
        columns |= {"item_id": pa.array(range(count)), "content_hash": pa.array([f"{n:064x}" for n in range(count)]),
                    "split": pa.array(["train"] * count), "group": pa.nulls(count, pa.string())}  # fmt: skip
        pq.write_table(pa.table(columns), tmp_path / "manifest.parquet")
        version = open_files(tmp_path / "manifest.parquet", tmp_path, classes=classes, label_kind=label_kind)
        version.scratch = tmp_path / "arrays"
        return version

    return build


def box(x, y, width, height, *names, **more):
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": list(names)}
    return {"type": "rectanglelabels", "value": {**value, **more}}


def picture(number, *regions, label="cat", size=(16, 16)):
    return {"blob": draw(number), "label": label, "result": json.dumps(regions), "width": size[1], "height": size[0]}


@pytest.fixture
def boxes(build):
    return build(
        [
            picture(1, box(25, 50, 50, 25, "dog"), box(0, 0, 100, 100, "cat"), label="cat, dog"),
            picture(2, label=NOTHING),
            picture(3, {"type": "polygonlabels",
                        "value": {"points": [[10, 20], [60, 40], [30, 90]], "polygonlabels": ["dog"]}}),
            {"blob": draw(4), "label": None},
        ],
        ["cat", "dog"],
        "regions",
    )  # fmt: skip


def test_boxes_are_corners_in_pixels_of_the_picture_that_is_handed_out(boxes):
    whole, small = boxes.torch("train"), boxes.torch("train", size=(8, 32))

    assert len(whole) == len(small) == 3
    assert whole[0][0].size == (16, 16) and small[0][0].shape == (3, 8, 32)
    assert whole[0][1]["boxes"].tolist() == [[4, 8, 12, 12], [0, 0, 16, 16]]
    assert small[0][1]["boxes"].tolist() == [[8, 4, 24, 6], [0, 0, 32, 8]]
    assert whole[0][1]["labels"].tolist() == [1, 0] and whole[0][1]["labels"].dtype == torch.int64
    assert whole[1][1]["boxes"].shape == (0, 4) and whole[1][1]["boxes"].dtype == torch.float32
    assert whole[2][1]["boxes"].numpy() == pytest.approx(np.array([[1.6, 3.2, 9.6, 14.4]]), abs=1e-5)


@pytest.mark.parametrize("workers", [0, 2])
def test_boxes_come_in_batches(boxes, workers):
    items = boxes.torch("train", size=(8, 8))
    loader = DataLoader(items, batch_size=2, collate_fn=items.collate, num_workers=workers)

    (images, targets), (rest, last) = loader

    assert images.shape == (2, 3, 8, 8) and rest.shape == (1, 3, 8, 8)
    assert [len(target["boxes"]) for target in (*targets, *last)] == [2, 0, 1]
    ours = list(boxes.batches("train", 2, size=(8, 8)))
    assert [len(target["labels"]) for _, found in ours for target in found] == [2, 0, 1]


def test_a_picture_without_a_known_size_is_measured(build):
    row = picture(1, box(50, 50, 50, 50, "cat"))
    version = build([{**row, "width": None, "height": None}], ["cat"], "regions")

    assert version.torch()[0][1]["boxes"].tolist() == [[8, 8, 16, 16]]


def test_turned_boxes_and_ellipses_are_the_upright_boxes_around_them():
    ids = {"cat": 0}
    turned = box(50, 0, 20, 40, "cat", rotation=90) | {"original_width": 200, "original_height": 100}
    circle = {"value": {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0, "ellipselabels": ["cat"]}}
    point = {"value": {"x": 1, "y": 1, "width": 0.5, "keypointlabels": ["cat"]}}

    found, _ = read_boxes(json.dumps([turned, circle]), ids, (100, 200))
    # 40 by 40 pixels, turned by a quarter about (100, 0): from 60 to 100 across, from 0 to 40 down
    assert found == pytest.approx(np.array([[60, 0, 100, 40], [80, 30, 120, 70]]))
    assert len(read_boxes(json.dumps([point]), ids, (100, 200))[0]) == 0


def test_spans_are_characters_and_class_ids(build):
    text = "EU rejects New York"
    said = [{"value": {"start": 11, "end": 19, "text": "New York", "labels": ["LOC"]}},
            {"value": {"start": 0, "end": 2, "text": "EU", "labels": ["ORG"]}}]  # fmt: skip
    rows = [{"text": text, "label": "LOC, ORG", "result": json.dumps(said)},
            {"text": "nothing", "label": NOTHING, "result": "[]"}]  # fmt: skip
    version = build(rows, ["LOC", "ORG"], "spans")

    (texts, targets) = next(iter(DataLoader(version.torch(), batch_size=2, collate_fn=collate)))

    assert texts == [text, "nothing"]
    assert targets[0]["spans"].tolist() == [[0, 2], [11, 19]] and targets[0]["labels"].tolist() == [1, 0]
    assert targets[1]["spans"].shape == (0, 2)
    assert [text[a:b] for a, b in targets[0]["spans"].tolist()] == ["EU", "New York"]


def test_labels_of_several_classes_are_multi_hot(build):
    classes = ["plot", "cast, crew", "music"]
    labels = ["cast, crew, plot", "music", NOTHING, "cast, crew"]
    version = build([{"text": f"t{n}", "label": label} for n, label in enumerate(labels)], classes, "free")

    (texts, hot) = next(iter(DataLoader(version.torch("train"), batch_size=4)))

    assert version.target_kind == "multi_hot" and hot.dtype == torch.float32
    assert hot.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert torch.equal(version.batches("train", 4).items.get_batch([3, 0])[1], hot[[3, 0]])


def test_a_label_that_was_cut_is_read_from_what_it_was_made_of(build):
    classes = [f"a rather long name of a class, number {n:02d}" for n in range(12)]
    label = join_names(classes)
    said = json.dumps([{"type": "choices", "value": {"choices": classes}}])

    version = build([{"text": "x", "label": label, "result": said}], classes, "free")

    assert label.endswith("…") and version.torch()[0][1].tolist() == [1.0] * 12


@given(
    classes=st.lists(st.text(st.sampled_from("ab, "), min_size=1, max_size=6).map(str.strip).filter(bool),
                     min_size=1, max_size=6, unique=True),
    picks=st.sets(st.integers(0, 5)),
)  # fmt: skip
@example(classes=["a", "a, b", "b, c"], picks={0, 2})
def test_joined_names_are_read_as_gristmill_reads_them(classes, picks):
    names = [name for n, name in enumerate(classes) if n in picks]
    label = join_names(names)
    assume(not label.endswith("…") and label not in ("", NOTHING))
    expected = ReferenceReader(classes).read(label)

    found = NameReader(classes).read(label)

    assert [classes[place] for place in found] == [name for name in expected if name in classes]


def test_anything_asked_that_is_one_class_each_is_a_class(build):
    version = build([{"text": "a", "label": "x"}, {"text": "b", "label": "y"}], ["y", "x"], "free")

    assert version.target_kind == "class" and [target for _, target in version.torch()] == [1, 0]
    assert version.torch(target="multi_hot")[0][1].tolist() == [0, 1]
    assert version.torch(target="text")[1] == ("b", "y")
    with pytest.raises(LoaderError, match="no target"):
        version.torch(target="masks")


def test_rows_and_numbers_come_as_columns(build):
    rows = [{"size": 1, "cut": "ideal"}, {"size": None, "cut": None}, {"size": 2.5, "cut": "fair"}]
    version = build(
        [{"row": json.dumps(row), "label": str(n + 0.5)} for n, row in enumerate(rows)], label_kind="number"
    )

    (inputs, targets) = next(iter(DataLoader(version.torch("train"), batch_size=3, collate_fn=collate)))

    assert targets.tolist() == [0.5, 1.5, 2.5] and targets.dtype == torch.float64
    assert inputs["size"].dtype == torch.float64 and torch.isnan(inputs["size"]).tolist() == [False, True, False]
    assert inputs["cut"] == ["ideal", None, "fair"]
    assert version.torch("train")[0] == (rows[0], 0.5)


def test_pandas_has_the_columns_in_their_order_and_a_number_to_predict_as_a_number(build):
    rows = [{"cut": "ideal", "x": 1, "carat": 0.3, "late": 1}, {"cut": "fair", "x": 2, "carat": 0.4, "late": 1}]
    lines = [{"row": json.dumps(row), "label": label} for row, label in zip(rows, ("326", None), strict=True)]
    version = build(lines, label_kind="number")
    version.facts = replace(version.facts, columns=["carat", "cut", "x", "gone"])

    frame = version.pandas()

    assert list(frame.columns)[:5] == ["carat", "cut", "x", "late", "item_id"]
    assert frame["label"].dtype == np.float64 and frame["label"][0] == 326


def test_sounds_come_with_their_row_and_become_what_a_transform_makes_of_them(build):
    low, high = build_wav(0.1), build_wav(0.1, low=900)
    rows = [{"row": json.dumps({"who": who}), "blob": sound, "label": label}
            for who, sound, label in (("Ann", low, "dog"), ("Bob", high, "cat"))]  # fmt: skip
    version = build(rows, ["cat", "dog"], "free")

    def read_samples(item):
        with wave.open(io.BytesIO(item["sound"])) as file:
            return torch.frombuffer(bytearray(file.readframes(file.getnframes())), dtype=torch.int16)

    ((inputs, targets),) = DataLoader(version.torch("train", transform=read_samples), batch_size=2, collate_fn=collate)
    ((plain, _),) = DataLoader(version.torch("train"), batch_size=2, collate_fn=collate)

    assert inputs.shape == (2, 800) and targets.tolist() == [1, 0]
    assert plain["sound"] == [low, high] and plain["row"] == [{"who": "Ann"}, {"who": "Bob"}]


def test_pictures_of_different_sizes_stay_a_list(build):
    rows = [{"blob": draw(1, 8), "label": "cat"}, {"blob": draw(2, 16), "label": "cat"}]
    version = build(rows, ["cat"], "class")

    def to_tensor(picture):
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1)

    ((inputs, _),) = DataLoader(version.torch(transform=to_tensor), batch_size=2, collate_fn=collate)
    (alike, _) = next(iter(version.batches(None, 1, transform=to_tensor)))

    assert [tuple(one.shape) for one in inputs] == [(3, 8, 8), (3, 16, 16)] and alike.shape == (1, 3, 8, 8)


def test_a_split_without_items_or_without_a_columns_cells_has_all_columns(build):
    rows = [{"b": 1, "a": "x"}, {"b": 2, "a": "y"}, {"b": 3}]
    items = [{"split": "test" if n == 2 else "train", "label": "4.5", "row": json.dumps(row)}
             for n, row in enumerate(rows)]  # fmt: skip
    version = build(items, label_kind="number")
    version.facts = replace(version.facts, columns=["b", "a"])

    assert list(version.pandas("train").columns[:2]) == ["b", "a"]
    assert list(version.pandas("test").columns) == list(version.pandas("train").columns)
    assert list(version.pandas("validation").columns[:2]) == ["b", "a"] and len(version.pandas("validation")) == 0


def test_without_torch_it_is_said_what_is_missing(build, monkeypatch):
    version = build([{"split": "train", "label": "a", "text": "x"}])
    monkeypatch.setattr("lifecycle.loader.version.find_spec", lambda name: None)

    with pytest.raises(LoaderError, match="pip install torch"):
        version.torch("train")
    with pytest.raises(LoaderError, match="pip install torch"):
        version.batches("train", 2)
