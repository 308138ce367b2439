"""Labels that other tools wrote come in with their pictures and texts."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lifecycle.contracts.ingest import ColumnMapping, IngestLimits, IngestSpec
from lifecycle.contracts.label_interface import NOTHING
from tests.workers.engines.ingest.conftest import Silent
from workers.engines.export.imagefolder import OBJECTS
from workers.engines.ingest.formats.conll import BadSentence, Sentence, read_conll
from workers.engines.ingest.formats.masks import read_mask
from workers.engines.ingest.preview import inspect


def jpeg(shade: int, size=(200, 100)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (shade, shade, 40)).save(out, "PNG")
    return out.getvalue()


def zip_of(files: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tar_of(files: dict[str, bytes | str], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return out.getvalue()


COCO = json.dumps({
    "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 100}, {"id": 2, "file_name": "b.png"},
               {"id": 3, "file_name": "gone.png"}],
    "categories": [{"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [20, 10, 100, 50],
         "segmentation": [[20, 10, 120, 10, 120, 60]], "keypoints": [30, 20, 2, 0, 0, 0]},
        {"id": 2, "image_id": 1, "category_id": 8, "bbox": [150, 50, 500, 500]},
        {"id": 3, "image_id": 1, "category_id": 8, "bbox": [900, 900, 10, 10]},
        {"id": 4, "image_id": 99, "category_id": 8, "bbox": [1, 1, 10, 10]},
        {"id": 5, "image_id": 1, "category_id": 8, "bbox": ["x", 1, 10, 10]},
    ],
})  # fmt: skip
YOLO = {
    "data.yaml": "names: [cat, dog]\nnc: 2\n",
    "train/labels/a.txt": "0 0.35 0.35 0.5 0.5\n1 0.1 0.1 0.1 0.1\nbroken\n9 .1 .1 .1 .1\n",
    "train/images/a.png": jpeg(1),
    "valid/images/b.png": jpeg(2),
    "valid/labels/b.txt": "",
}
VOC = """<annotation><folder>x</folder><filename>a.png</filename><size><width>200</width><height>100</height></size>
<object><name>cat</name><bndbox><xmin>21</xmin><ymin>11</ymin><xmax>120</xmax><ymax>60</ymax></bndbox></object>
<object><name>dog</name><bndbox><xmin>a</xmin><ymin>11</ymin><xmax>120</xmax><ymax>60</ymax></bndbox></object>
</annotation>"""
CARD = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': bad
          '1': good
---
"""
BOX = {"x": 10.0, "y": 10.0, "width": 50.0, "height": 50.0}


def read_box(row) -> dict:
    box = json.loads(row["result"])[0]
    assert box["type"] == "rectanglelabels" and box["value"]["rectanglelabels"] == ["cat"]
    return {key: round(box["value"][key], 6) for key in BOX}


def by_name(outcome) -> dict:
    return {row["source_uri"].rsplit("/", 1)[-1].rsplit("!", 1)[-1]: row for row in outcome.rows}


@pytest.mark.parametrize("pack", [zip_of, tar_of], ids=["zip", "tar.gz"])
def test_coco_boxes_polygons_and_points_come_in_percent(take_in, pack):
    content = pack({"annotations/instances.json": COCO, "images/a.png": jpeg(1), "images/b.png": jpeg(2)})

    outcome = take_in("image", {"set.zip": content}, label_kind="regions")

    rows = by_name(outcome)
    assert read_box(rows["a.png"]) == BOX and rows["a.png"]["label"] == "cat, dog"
    kinds = [region["type"] for region in json.loads(rows["a.png"]["result"])]
    assert kinds == ["rectanglelabels", "polygonlabels", "keypointlabels", "rectanglelabels"]
    assert json.loads(rows["b.png"]["result"]) == [] and rows["b.png"]["label"] == "(nothing)"
    assert outcome.result.classes == ("cat", "dog")
    for words in ("gone is not among", "belongs to a picture that is not listed", "no box that can be read", "outside"):
        assert words in outcome.reasons


def test_yolo_labels_lie_beside_their_pictures(take_in):
    outcome = take_in("image", {"set.zip": zip_of(YOLO)}, label_kind="regions")

    rows = by_name(outcome)
    assert read_box(rows["a.png"]) == BOX
    assert (rows["a.png"]["split"], rows["b.png"]["split"]) == ("train", "validation")
    assert json.loads(rows["b.png"]["result"]) == []
    assert [(r["line"], r["source"].rsplit("/")[-1]) for r in outcome.rejects] == [(3, "a.txt"), (4, "a.txt")]


def test_pascal_voc_counts_pixels_from_one(take_in):
    files = {"Annotations/a.xml": VOC, "JPEGImages/a.png": jpeg(1), "Annotations/b.xml": "<annotation>"}

    outcome = take_in("image", {"set.zip": zip_of(files)}, label_kind="regions")

    assert read_box(by_name(outcome)["a.png"]) == BOX
    assert "object 2 has no box" in outcome.reasons and "not well-formed" in outcome.reasons


@pytest.mark.parametrize(
    ("files", "formats", "pictures", "classes"),
    [
        ({"instances.json": COCO}, (("COCO", 1),), 3, (("cat", 3), ("dog", 2))),
        (YOLO, (("YOLO", 2),), 2, (("cat", 1), ("dog", 1))),
        ({"Annotations/a.xml": VOC, "ImageSets/Main/train.txt": "a\nb\n"}, (("Pascal VOC", 1),), 1, (("cat", 1),)),
        ({"metadata.csv": "file_name,label\na.png,owl\n", "a.png": jpeg(1)}, (("metadata", 1),), 1, (("owl", 1),)),
        ({"a.png": jpeg(1)}, (), 0, ()),
    ],
    ids=["coco", "yolo", "voc", "metadata", "none"],
)
def test_the_preview_says_whose_layout_labels_have_and_what_they_mark(tmp_path, files, formats, pictures, classes):
    path = tmp_path / "set.zip"
    path.write_bytes(zip_of(files))
    spec = IngestSpec("image", (("set.zip", str(path)),), label_kind="regions")

    preview = inspect(spec, workdir=tmp_path, report=Silent(), should_stop=lambda: False)

    assert (preview.label_formats, preview.labeled_pictures, preview.label_classes) == (formats, pictures, classes)


def test_boxes_of_one_class_are_a_class_and_of_several_are_none(take_in):
    single = {"set.zip": zip_of({"Annotations/a.xml": VOC, "JPEGImages/a.png": jpeg(1)})}
    several = {"set.zip": zip_of({"c.json": COCO, "a.png": jpeg(3)})}

    assert take_in("image", single).rows[0]["label"] == "cat"
    outcome = take_in("image", several, workdir=None)

    assert outcome.rows[0]["label"] in (None, "cat")


def test_label_studio_tasks_bring_boxes_for_uploaded_pictures(take_in):
    region = {"type": "rectanglelabels", "value": {**BOX, "rectanglelabels": ["cat"]}}
    tasks = [
        {"data": {"image": "/data/upload/3/0a1b2c3d-a.png"}, "annotations": [{"result": [region]}]},
        {"data": {"image": "s3://bucket/b.png"}, "annotations": []},
    ]
    files = {"tasks.json": json.dumps(tasks), "a.png": jpeg(1), "b.png": jpeg(2)}

    outcome = take_in("image", {"set.zip": zip_of(files)}, label_kind="regions")

    assert read_box(by_name(outcome)["a.png"]) == BOX and by_name(outcome)["b.png"]["result"] is None


def test_json_min_of_label_studio_is_read_too(take_in):
    tasks = [{"id": 1, "annotator": 1, "annotation_id": 5, "image": "a.png",
              "label": [{**BOX, "rectanglelabels": ["cat"], "original_width": 200}]}]  # fmt: skip
    files = {"tasks.json": json.dumps(tasks), "a.png": jpeg(1)}

    outcome = take_in("image", {"set.zip": zip_of(files)}, label_kind="regions")

    assert read_box(outcome.rows[0]) == BOX


def test_metadata_beside_pictures_names_their_classes(take_in):
    files = {"train/metadata.csv": "file_name,label\na.png,cat\nz.png,dog\n", "train/a.png": jpeg(1)}

    outcome = take_in("image", {"set.zip": zip_of(files)})

    assert (outcome.rows[0]["label"], outcome.rows[0]["split"]) == ("cat", "train")
    assert "z is not among the files" in outcome.reasons


def test_boxes_beside_pictures_come_back_as_the_export_writes_them(take_in):
    boxes = [{"bbox": [[20.0, 10.0, 100.0, 50.0]], "categories": ["cat"]}, {"bbox": [], "categories": []}, None]
    table = pa.table({"file_name": ["a.png", "b.png", "c.png"], "label": ["cat", "(nothing)", None],
                      "objects": pa.array(boxes, OBJECTS)})  # fmt: skip
    pictures = {f"test/{name}.png": jpeg(shade) for shade, name in enumerate("abc")}
    out = io.BytesIO()
    pq.write_table(table, out)

    outcome = take_in("image", {"set.zip": zip_of({"test/metadata.parquet": out.getvalue(), **pictures})},
                      label_kind="regions")  # fmt: skip

    rows = by_name(outcome)
    assert read_box(rows["a.png"]) == BOX and rows["a.png"]["split"] == "test"
    assert (json.loads(rows["b.png"]["result"]), rows["b.png"]["label"]) == ([], "(nothing)")
    assert (rows["c.png"]["result"], rows["c.png"]["label"]) == (None, None)


def test_pictures_in_parquet_have_the_names_of_their_classes(take_in):
    features = {"info": {"features": {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}
    pictures = [{"bytes": jpeg(1), "path": "a.png"}, {"bytes": jpeg(2), "path": "b.png"}, {"bytes": None, "path": "c"}]
    table = pa.table({"image": pictures, "label": [1, 0, 0]}).replace_schema_metadata(
        {"huggingface": json.dumps(features)}
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)

    outcome = take_in("image", {"data/test-00000-of-00001.parquet": sink.getvalue()})

    assert [(row["label"], row["split"]) for row in outcome.rows] == [("dog", "test"), ("cat", "test")]
    assert "holds no picture" in outcome.reasons


@pytest.mark.parametrize("has_schema", [True, False], ids=["names in the file", "names beside it"])
def test_pictures_that_datasets_saved_to_disk_keep_their_classes_and_splits(take_in, has_schema):
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}, "image": {"_type": "Image"}}
    files: dict[str, bytes] = {"saved/dataset_dict.json": b'{"splits": ["train", "test"]}'}
    for split, numbers in (("train", (1, 2)), ("test", (3,))):
        pictures = [{"bytes": jpeg(number), "path": None} for number in numbers]
        table = pa.table({"image": pictures, "label": [number % 2 for number in numbers]})
        if has_schema:
            table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        else:
            files[f"saved/{split}/dataset_info.json"] = json.dumps({"features": features}).encode()
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        files[f"saved/{split}/data-00000-of-00001.arrow"] = sink.getvalue()
        state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": split}
        files[f"saved/{split}/state.json"] = json.dumps(state).encode()

    outcome = take_in("image", files)

    assert [(row["label"], row["split"]) for row in outcome.rows] == [
        ("dog", "train"), ("cat", "train"), ("dog", "test"),
    ]  # fmt: skip
    assert outcome.reasons == ""
    assert outcome.rows[2]["source_uri"] == "saved/test/data-00000-of-00001.arrow#1"


def test_arrow_files_and_streams_are_tables(take_in):
    table = pa.table({"text": ["good film", "bad film"], "label": ["up", "down"]})
    file, stream = io.BytesIO(), io.BytesIO()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)

    outcome = take_in("text", {"a.feather": file.getvalue(), "b.arrow": stream.getvalue()})

    assert [(row["text"], row["label"]) for row in outcome.rows] == [("good film", "up"), ("bad film", "down")] * 2


CONLL = (
    "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\nNew NNP B-NP B-LOC\nYork NNP I-NP I-LOC\n\nno tag\n"
)


def test_conll_sentences_become_texts_with_spans(take_in):
    outcome = take_in("text", {"train.conll": CONLL.encode()}, label_kind="spans")

    (row,) = outcome.rows
    spans = [region["value"] for region in json.loads(row["result"])]
    assert row["text"] == "EU rejects New York" and row["label"] == "LOC, ORG"
    assert [(s["start"], s["end"], s["text"], s["labels"]) for s in spans] == [
        (0, 2, "EU", ["ORG"]), (11, 19, "New York", ["LOC"])]  # fmt: skip
    assert outcome.rejects[0]["line"] == 8 and outcome.result.classes == ("LOC", "ORG")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("I-PER I-PER B-PER O I-LOC", [("PER", "a b"), ("PER", "c"), ("LOC", "e")]),
        ("B-PER E-PER S-PER O S-LOC", [("PER", "a b"), ("PER", "c"), ("LOC", "e")]),
        ("B-PER L-PER U-PER O U-LOC", [("PER", "a b"), ("PER", "c"), ("LOC", "e")]),
        ("B-PER I-PER B-PER O B-LOC", [("PER", "a b"), ("PER", "c"), ("LOC", "e")]),
    ],
)
def test_every_tagging_scheme_gives_the_same_spans(tags, expected):
    (sentence,) = read_conll(f"{token} {tag}" for token, tag in zip("abcde", tags.split(), strict=True))

    assert isinstance(sentence, Sentence)
    assert [(span.label, sentence.text[span.start : span.end]) for span in sentence.spans] == expected


def test_a_token_without_a_tag_costs_its_sentence_only():
    found = list(read_conll(["a O", "b", "", "c B-PER"]))

    assert isinstance(found[0], BadSentence) and found[0].line == 2
    assert found[1].spans[0].label == "PER"


def test_label_studio_text_tasks_bring_classes_and_spans(take_in):
    choice = {"type": "choices", "value": {"choices": ["up"]}}
    span = {"type": "labels", "value": {"start": 0, "end": 4, "labels": ["TIME"]}}
    outside = {"type": "labels", "value": {"start": 3, "end": 400, "labels": ["TIME"]}}
    tasks = [{"data": {"text": "once upon a time"}, "annotations": [{"result": [choice, span, outside]}]}]
    files = {"tasks.json": json.dumps(tasks).encode()}

    assert take_in("text", files).rows[0]["label"] == "up"


def test_label_studio_spans_that_lie_outside_are_named(take_in):
    span = {"type": "labels", "value": {"start": 0, "end": 4, "labels": ["TIME"]}}
    outside = {"type": "labels", "value": {"start": 3, "end": 400, "labels": ["TIME"]}}
    tasks = [
        {"data": {"text": "once upon a time"}, "annotations": [{"result": [span, outside]}]},
        {"data": {"text": "x y"}, "annotations": []},
    ]

    outcome = take_in("text", {"tasks.json": json.dumps(tasks).encode()}, label_kind="spans")

    assert [row["label"] for row in outcome.rows] == ["TIME", None]
    assert "outside the text" in outcome.reasons


def test_splits_come_from_the_names_of_several_files(take_in):
    files = {"train.csv": b"text,label\none film,up\n", "test.csv": b"text,label\nother film,up\n"}

    assert [row["split"] for row in take_in("text", files).rows] == ["train", "test"]


def test_a_file_that_happens_to_be_called_train_says_nothing(take_in):
    assert take_in("text", {"train.csv": b"text,label\none film,up\n"}).rows[0]["split"] is None


def test_texts_in_a_tar_are_labeled_by_their_folders(take_in):
    content = tar_of({"up/1.txt": "I liked it", "down/2.txt": "I did not"}, mode="w")

    outcome = take_in("text", {"t.tar": content})

    assert [(row["text"], row["label"]) for row in outcome.rows] == [("I liked it", "up"), ("I did not", "down")]


def rectangle() -> list[int]:
    """COCO's runs, down one column after another, of a mask of 200 × 100 that is the box above."""
    runs, ink, out = [20 * 100 + 10], 0, 40
    for _ in range(100):
        runs += [50, 50]
    return [*runs[:-1], 80 * 100 + out + ink]


def pack_runs(runs: list[int]) -> str:
    """As pycocotools' rleToString does."""
    text = ""
    for place, run in enumerate(runs):
        value, is_open = run - (runs[place - 2] if place > 2 else 0), True
        while is_open:
            piece, value = value & 0x1F, value >> 5
            is_open = value != (-1 if piece & 0x10 else 0)
            text += chr(piece + (0x20 if is_open else 0) + 48)
    return text


@pytest.mark.parametrize("pack", [list, pack_runs], ids=["runs", "string"])
def test_masks_of_coco_become_outlines(take_in, pack):
    masks = [{"size": [100, 200], "counts": pack(rectangle())}, {"size": [100, 200], "counts": [1, 10**9]}]
    content = json.loads(COCO) | {
        "annotations": [
            {"id": n, "image_id": 1, "category_id": 7, "iscrowd": 1, "segmentation": mask}
            for n, mask in enumerate(masks)
        ]
    }

    outcome = take_in(
        "image", {"set.zip": zip_of({"c.json": json.dumps(content), "a.png": jpeg(1)})}, label_kind="regions"
    )

    (region,) = json.loads(outcome.rows[0]["result"])
    assert sorted(region["value"]["points"]) == [[10.0, 10.0], [10.0, 60.0], [60.0, 10.0], [60.0, 60.0]]
    assert region["value"]["polygonlabels"] == ["cat"] and "mask that does not fit its size" in outcome.reasons


def test_a_mask_of_two_islands_and_a_hole_gives_two_outlines():
    rows, columns = np.mgrid[:60, :80]
    mask = (rows - 20) ** 2 + (columns - 20) ** 2 < 225
    mask &= (rows - 20) ** 2 + (columns - 20) ** 2 > 9
    mask[40:50, 50:70] = True
    flat = mask.T.ravel().tolist()
    runs = [len(list(same)) for _, same in itertools.groupby(flat)]

    outlines = read_mask({"size": [60, 80], "counts": ([0] if flat[0] else []) + runs})

    areas = sorted(abs(measure(outline)) for outline in outlines)
    assert len(outlines) == 2 and areas[0] == 200 and abs(areas[1] - 225 * 3.1416) < 30
    assert all(len(outline) < 40 for outline in outlines)


def measure(outline) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(outline, [*outline[1:], outline[0]], strict=True)) / 2


def test_image_sets_of_voc_are_splits(take_in):
    files = {
        f"VOC2012/{name}": content
        for name, content in {
            "Annotations/a.xml": VOC, "JPEGImages/a.png": jpeg(1), "JPEGImages/b.png": jpeg(2),
            "JPEGImages/c.png": jpeg(3), "ImageSets/Main/train.txt": "a\n", "ImageSets/Main/val.txt": "b\n",
            "ImageSets/Main/cat_train.txt": "a 1\nb -1\n",
        }.items()
    }  # fmt: skip

    outcome = take_in("image", {"set.zip": zip_of(files)}, label_kind="regions")

    rows = by_name(outcome)
    assert [rows[name]["split"] for name in ("a.png", "b.png", "c.png")] == ["train", "validation", None]
    assert read_box(rows["a.png"]) == BOX and rows["b.png"]["result"] is None


def test_a_packed_table_is_read_and_a_bomb_is_not(take_in, tmp_path):
    files = {
        "train.csv.gz": gzip.compress(b"text,label\na good mill,good\na bad mill,bad\n"),
        "test.jsonl.gz": gzip.compress(b'{"text": "a fine mill", "label": "good"}\n'),
        "cut.csv.gz": gzip.compress(b"text,label\n" + bytes(range(256)) * 40)[:-30],
        "note.txt.gz": gzip.compress(b"one whole text"),
    }

    outcome = take_in("text", files)

    found = {row["text"]: (row["label"], row["split"]) for row in outcome.rows}
    assert found["a good mill"] == ("good", "train") and found["a fine mill"] == ("good", "test")
    assert found["one whole text"][0] is None and "cut.csv.gz" in str(outcome.rejects)

    small = IngestLimits(file_bytes=1_000_000, archive_bytes=2_000_000)
    bomb = take_in(
        "text",
        {"bomb.csv.gz": gzip.compress(b"text,label\n" + b"a" * 5_000_000)},
        limits=small,
        workdir=tmp_path / "second",
    )
    assert bomb.rows == [] and "decompression bomb" in bomb.reasons


def test_the_card_of_a_hub_dataset_names_the_classes_behind_numbers(take_in):
    card = f"{CARD}# Film reviews\n"
    files = {"README.md": card, "data/train.csv": "text,label\nfine film,1\npoor film,0\nunseen film,-1\n"}

    outcome = take_in("text", {"set.zip": zip_of(files)})

    assert {row["text"]: row["label"] for row in outcome.rows} == {
        "fine film": "good", "poor film": "bad", "unseen film": None,
    }  # fmt: skip
    assert outcome.rejects == []


def pack_pictures(splits: list[str | None]) -> bytes:
    cells = [{"bytes": jpeg(40 * n), "path": f"a/cat {n}.png"} for n in range(4)]
    groups = ["x", "x", None, "y"]
    sink = io.BytesIO()
    pq.write_table(pa.table({"image": cells, "label": ["cat"] * 4, "split": splits, "group": groups}), sink)
    return sink.getvalue()


def test_pictures_in_parquet_keep_their_splits_groups_and_names(take_in):
    outcome = take_in("image", {"a.parquet": pack_pictures(["train", "val", "test", None])})

    assert [row["split"] for row in outcome.rows] == ["train", "validation", "test", None]
    assert [row["group"] for row in outcome.rows] == ["x", "x", None, "y"]
    assert outcome.rows[2]["source_uri"] == "a.parquet#3/cat 2.png"


def test_a_column_that_is_only_called_split_divides_nothing(take_in):
    outcome = take_in("image", {"a.parquet": pack_pictures(["train", "left", "left", "right"])})

    assert [row["split"] for row in outcome.rows] == ["train", None, None, None] and not outcome.rejects


def test_a_wrong_split_costs_its_picture_only(take_in):
    mapping = ColumnMapping(label="label", split="split")

    outcome = take_in("image", {"a.parquet": pack_pictures(["train", "left", "test", "right"])}, mapping=mapping)

    assert [row["split"] for row in outcome.rows] == ["train", "test"] and [
        reject["line"] for reject in outcome.rejects
    ] == [2, 4]
    assert "none of train" in outcome.reasons


def test_what_tells_about_a_set_of_pictures_is_none(take_in):
    files = {
        "README.md": b"# A set",
        "LICENSE": b"MIT",
        "license.txt": b"MIT",
        "cat/1.jpg": jpeg(90),
        "cat/notes.txt": b"x",
    }

    outcome = take_in("image", {"set.zip": zip_of(files)})

    assert len(outcome.rows) == 1 and [reject["source"] for reject in outcome.rejects] == ["set.zip!cat/notes.txt"]


def test_regions_of_our_own_tables_come_back(take_in):
    value = {"x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0, "rotation": 0, "rectanglelabels": ["cell"]}
    box = {"id": "r1", "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}
    sink = io.BytesIO()
    cells = [json.dumps([box]), "[]", None, "{"]
    pictures = [{"bytes": jpeg(40 * n), "path": f"{n}.png"} for n in range(4)]
    pq.write_table(pa.table({"image": pictures, "label": ["cell", None, None, None], "regions": cells}), sink)

    outcome = take_in("image", {"a.parquet": sink.getvalue()}, label_kind="regions")

    said = [row["result"] and [one["value"] for one in json.loads(row["result"])] for row in outcome.rows]
    assert [one and [(v["rectanglelabels"], pytest.approx(v["width"])) for v in one] for one in said] == [
        [(["cell"], 20.0)],
        [],
        None,
        None,
    ]
    assert [row["label"] for row in outcome.rows] == ["cell", NOTHING, None, None]
    assert [reject["line"] for reject in outcome.rejects] == [4] and "not valid JSON" in outcome.reasons


def test_spans_of_our_own_tables_come_back(take_in):
    def mark(start, end):
        return {"type": "labels", "value": {"start": start, "end": end, "labels": ["PER"]}}

    rows = [("Ann Lee runs.", [mark(0, 7)]), ("Nobody here.", []), ("Not looked at.", None), ("Short.", [mark(0, 99)])]
    lines = [json.dumps({"text": text, "label": "x", "regions": json.dumps(said) if said is not None else None})
             for text, said in rows]  # fmt: skip

    outcome = take_in("text", {"a.jsonl": "\n".join(lines).encode()}, label_kind="spans",
                      mapping=ColumnMapping(text="text"))  # fmt: skip

    assert [row["label"] for row in outcome.rows] == ["PER", NOTHING, None]
    assert json.loads(outcome.rows[0]["result"])[0]["value"]["text"] == "Ann Lee"
    assert [reject["line"] for reject in outcome.rejects] == [4] and "outside the text" in outcome.reasons


def test_a_picture_whose_boxes_cannot_be_read_is_not_empty(take_in):
    pictures = [{"id": n, "file_name": f"{n}.jpg", "width": 200, "height": 100} for n in range(4)]
    boxes = [
        {"id": 1, "image_id": 0, "category_id": 7, "bbox": [1, 1, 0, 0]},
        {"id": 2, "image_id": 1, "category_id": 8, "bbox": [1, 1, 9, 9]},
        {"id": 3, "image_id": 2, "category_id": 7, "bbox": [1, 1, 9, 9]},
        {"id": 4, "image_id": 2, "category_id": 8, "bbox": [1, 1, 9, 9]},
    ]
    coco = {"images": pictures, "annotations": boxes, "categories": [{"id": 7, "name": "x"}]}
    files = {"a.json": json.dumps(coco)} | {f"{n}.jpg": jpeg(50 * n) for n in range(4)}

    outcome = take_in("image", {"set.zip": zip_of(files)}, label_kind="regions")

    said = {row["source_uri"][-5:]: row["label"] for row in outcome.rows}
    assert said == {"0.jpg": None, "1.jpg": None, "2.jpg": "x", "3.jpg": NOTHING}
    assert "has no class name" in outcome.reasons and "has no area" in outcome.reasons
