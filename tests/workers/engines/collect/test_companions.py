"""Files that only make sense together: labels and their pictures, a card and its tables, a name and its split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from lifecycle.contracts.sources import CollectSpec, Surroundings
from tests.workers.engines.collect.conftest import read_items, read_rejects
from tests.workers.engines.collect.test_files import marks_of, picture
from tests.workers.engines.ingest.test_label_formats import CARD, YOLO, tar_of, zip_of
from workers.engines.collect import preview as looking


def coco(*boxes: tuple[str, int]) -> str:
    """One box a picture; (name of the picture, left edge in pixels)."""
    return json.dumps({
        "images": [{"id": n, "file_name": f"{name}.png", "width": 100, "height": 100}
                   for n, (name, _) in enumerate(boxes)],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"id": n, "image_id": n, "category_id": 1, "bbox": [left, 10, 20, 20]}
                        for n, (_, left) in enumerate(boxes)],
    })  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "set"
    path.mkdir()
    return path


@pytest.fixture
def read(collected, folder, tmp_path):
    """Reads the folder: {file: item} and the reasons of what was set aside. The next call reads what is new."""
    known: dict[str, str] = {}

    def run(item_kind="image"):
        kinds = {"item_kind": item_kind, "label_kind": "regions" if item_kind == "image" else "class"}
        work = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
        result = collected("folder", {"path": str(folder)}, workdir=work, **kinds, **known)
        if result.marks_path:
            before = Path(known["marks"]).read_text() if known else ""
            known["marks"] = marks_of(result, tmp_path)
            Path(known["marks"]).write_text(before + Path(known["marks"]).read_text())
        items = {item["source_uri"]: item for item in read_items(result)}
        return items, [reject["reason"] for reject in read_rejects(result)], result

    return run


def write(folder, files: dict[str, bytes | str]):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def save_to_disk(folder):
    """The layout of `DatasetDict.save_to_disk`."""
    info = {"features": {"text": {"dtype": "string", "_type": "Value"},
                         "label": {"names": ["bad", "good"], "_type": "ClassLabel"}}}  # fmt: skip
    write(folder, {"dataset_dict.json": json.dumps({"splits": ["train", "test"]})})
    for split, rows in (("train", [("fine film", 1), ("poor film", 0)]), ("test", [("other film", 1)])):
        state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": split}
        files = {"dataset_info.json": json.dumps(info), "state.json": json.dumps(state)}
        write(folder / split, files)
        texts, labels = zip(*rows, strict=True)
        table = pa.table({"text": texts, "label": labels})
        with pa.ipc.new_stream(str(folder / split / "data-00000-of-00001.arrow"), table.schema) as out:
            out.write_table(table)


def left_of(item) -> float:
    return round(json.loads(item["result"])[0]["value"]["x"], 6)


def test_a_label_file_that_changed_brings_the_pictures_it_speaks_of(folder, read):
    write(folder, {"coco.json": coco(("a", 10), ("b", 30)), "a.png": picture("red", (100, 100)),
                   "b.png": picture("blue", (100, 100)), "c.png": picture("green", (100, 100))})  # fmt: skip
    items, reasons, result = read()
    assert (left_of(items["a.png"]), reasons, result.classes) == (10, [], ("cat",))

    write(folder, {"coco.json": coco(("a", 28), ("b", 30))})
    items, reasons, result = read()

    assert sorted(items) == ["a.png", "b.png"] and left_of(items["a.png"]) == 28
    assert (reasons, result.read) == ([], 1)


def test_a_picture_that_comes_after_its_label_file_is_labeled(folder, read):
    write(folder, {"coco.json": coco(("a", 10), ("b", 30)), "a.png": picture("red", (100, 100))})
    _, reasons, _ = read()
    assert reasons == ["the picture b is not among the files"]

    write(folder, {"b.png": picture("blue", (100, 100))})
    items, reasons, result = read()

    assert list(items) == ["b.png"] and left_of(items["b.png"]) == 30
    assert (reasons, result.read) == ([], 1)


def test_a_label_file_may_speak_of_pictures_that_came_before(folder, read):
    write(folder, {"a.png": picture("red", (100, 100))})
    read()

    write(folder, {"more.json": coco(("b", 30), ("gone", 1)), "b.png": picture("blue", (100, 100))})
    items, reasons, _ = read()

    assert list(items) == ["b.png"] and left_of(items["b.png"]) == 30
    assert reasons == ["the picture gone is not among the files"]


def test_a_new_picture_of_yolo_comes_with_its_boxes(folder, read):
    write(folder, {"data.yaml": "names: [cat, dog]\n", "images/a.png": picture("red"),
                   "labels/a.txt": "0 0.5 0.5 0.2 0.2\nbroken\n"})  # fmt: skip
    _, reasons, _ = read()
    assert len(reasons) == 1

    write(folder, {"images/b.png": picture("blue"), "labels/b.txt": "1 0.5 0.5 0.2 0.2\n"})
    items, reasons, result = read()

    assert list(items) == ["images/b.png"] and items["images/b.png"]["label"] == "dog"
    assert (reasons, result.read) == ([], 2)


def test_boxes_that_come_late_and_names_that_change_reach_their_pictures(folder, read):
    write(folder, {"data.yaml": "names: [cat]\n", "images/a.png": picture("red"), "images/b.png": picture("blue"),
                   "labels/b.txt": "0 0.5 0.5 0.2 0.2\n"})  # fmt: skip
    assert read()[0]["images/a.png"]["result"] is None

    write(folder, {"labels/a.txt": "0 0.5 0.5 0.2 0.2\n"})
    items, reasons, _ = read()
    assert list(items) == ["images/a.png"] and items["images/a.png"]["label"] == "cat" and reasons == []

    write(folder, {"data.yaml": "names: [lynx]\n"})
    items, reasons, _ = read()
    assert {item["label"] for item in items.values()} == {"lynx"} and len(items) == 2 and reasons == []


def test_what_datasets_saved_to_disk_keeps_its_classes_and_splits(folder, read):
    save_to_disk(folder)

    items, reasons, result = read("text")

    assert {item["text"]: (item["label"], item["split"]) for item in items.values()} == {
        "fine film": ("good", "train"), "poor film": ("bad", "train"), "other film": ("good", "test"),
    }  # fmt: skip
    assert (reasons, result.read) == ([], 3)


@pytest.mark.parametrize("pack", [zip_of, tar_of])
def test_archives_in_a_folder_are_read_with_their_labels_and_splits(folder, read, pack):
    name = "set.zip" if pack is zip_of else "set.tar.gz"
    write(folder, {name: pack(YOLO)})
    items, _, result = read()
    found = {uri.rpartition("/")[2]: (item["label"], item["split"]) for uri, item in items.items()}
    assert found == {"a.png": ("cat, dog", "train"), "b.png": ("(nothing)", "validation")}
    assert result.classes == ("cat", "dog")

    save_to_disk(folder / "saved")
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write(folder, {name: pack({path: content for path, content in files.items() if path != name})})
    shutil.rmtree(folder / "saved")
    items, reasons, _ = read("text")

    assert sorted((item["text"], item["label"], item["split"]) for item in items.values()) == [
        ("fine film", "good", "train"), ("other film", "good", "test"), ("poor film", "bad", "train"),
    ]  # fmt: skip
    assert reasons == []


def test_a_look_shows_no_table_where_there_are_only_documents_and_cards(folder, report, tmp_path):
    tasks = [{"data": {"text": "once upon a time"}, "annotations": [{"result": []}]}]
    write(folder, {"dataset_dict.json": '{"splits": []}', "tasks.json": json.dumps(tasks)})
    spec = CollectSpec(kind="folder", config={"path": str(folder)}, item_kind="text", label_kind="class",
                       surroundings=Surroundings(folders=(str(tmp_path),)))  # fmt: skip

    seen = looking.preview(spec, workdir=tmp_path, report=report, should_stop=lambda: False)

    assert (seen.columns, seen.contract.columns[0].name, seen.file_count) == ((), "file", 2)


def test_nothing_new_reads_nothing(folder, read):
    write(folder, {"coco.json": coco(("a", 10)), "a.png": picture("red", (100, 100))})
    read()

    items, reasons, result = read()

    assert (items, reasons, result.read) == ({}, [], 0)


@pytest.mark.parametrize("item_kind", ["text", "row"])
def test_a_new_shard_keeps_the_names_of_the_classes_and_its_split(folder, read, item_kind):
    write(folder, {"README.md": CARD, "data/train-0.csv": "text,size,label\nfine film,1,1\npoor film,2,0\n",
                   "data/test-0.csv": "text,size,label\nother film,3,1\n"})  # fmt: skip
    items, reasons, _ = read(item_kind)
    assert {uri: (item["label"], item["split"]) for uri, item in items.items()} == {
        "data/train-0.csv#2": ("good", "train"), "data/train-0.csv#3": ("bad", "train"),
        "data/test-0.csv#2": ("good", "test"),
    }  # fmt: skip
    assert reasons == []

    write(folder, {"data/test-1.csv": "text,size,label\nlast film,4,0\n"})
    items, reasons, _ = read(item_kind)

    assert [(item["label"], item["split"]) for item in items.values()] == [("bad", "test")]
    assert reasons == []
