"""Label files and archives made to do harm, or just badly made: each gets a sentence, and everything else goes in."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import IngestLimits
from tests.workers.engines.ingest.test_label_formats import CONLL, VOC, YOLO, jpeg, tar_of, zip_of
from workers.engines.ingest.formats.coco import is_coco, read_coco
from workers.engines.ingest.formats.conll import read_conll
from workers.engines.ingest.formats.labelstudio import is_studio, read_task
from workers.engines.ingest.formats.regions import Shape, build_shapes
from workers.engines.ingest.formats.voc import read_voc
from workers.engines.ingest.formats.yolo import read_boxes, read_classes

LAUGHS = """<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<annotation><filename>&c;</filename></annotation>"""
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>'
DEEP = "[" * 100_000
ALIASES = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [{'*a' if i == 0 else f'*b{i - 1}'}, *a]\n" for i in range(40))

BROKEN = {
    "entities-within-entities": ("a.xml", LAUGHS, "entities"),
    "a-file-of-the-server": ("a.xml", OUTSIDE, "entities"),
    "no-xml": ("a.xml", "<annotation><object>", "not well-formed"),
    "another-xml": ("a.xml", "<svg/>", "no Pascal VOC"),
    "deep-json": ("a.json", DEEP, "broken"),
    "cut-json": ("a.json", '{"images": [', "broken"),
    "yaml-that-runs-code": ("data.yaml", "names: !!python/object/apply:os.system ['true']", "cannot be read"),
    "yaml-of-aliases": ("data.yaml", ALIASES, "no list of class names"),
    "yaml-of-nothing": ("data.yaml", "\0\1", "cannot be read"),
    "yaml-numbered-without-end": ("data.yaml", "names: {999999999999: cat}", "not numbered"),
    "metadata-without-names": ("metadata.csv", "a,b\n1,2\n", "file_name"),
    "utf-16": ("data.yaml", "names: [cat]".encode("utf-16")[:9], ""),
}


@pytest.mark.parametrize(("name", "content", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_label_file_is_named_and_the_pictures_go_in(take_in, name, content, words):
    outcome = take_in("image", {"set.zip": zip_of({name: content, "p/ok.png": jpeg(1)})}, label_kind="regions")

    assert len(outcome.rows) == 1
    assert words in outcome.reasons


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([
        "images", "annotations", "categories", "id", "image_id", "category_id", "bbox", "segmentation", "keypoints",
        "file_name", "name", "width", "height", "data", "result", "value", "type", "x", "y", "rectanglelabels",
        "labels", "choices", "start", "end", "points", "text", "image"]), inner, max_size=6),
    max_leaves=40,
)  # fmt: skip
ANYTHING = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.lists(JSON, max_size=4), st.lists(JSON, max_size=4), st.lists(JSON, max_size=3))
@ANYTHING
def test_no_coco_stops_the_reader(images, annotations, categories):
    content = {"images": images, "annotations": annotations, "categories": categories}

    assert is_coco(content)
    for found in read_coco(content):
        if not isinstance(found, str):
            build_shapes(found[1], 100, 100)


@pytest.mark.parametrize("cell", [10**400, -(10**50), float("nan"), float("inf"), True, [1], {"a": 1}, "9" * 70, -1, 0])
def test_no_date_stops_the_reader(cell):
    assert event_times.say(cell, "COCO date_captured") == {}


@given(JSON, JSON)
@ANYTHING
def test_no_label_studio_task_stops_the_reader(data, results):
    is_studio([data])
    for entry in ({"data": data, "annotations": [{"result": results}]}, data):
        if isinstance(entry, dict) and isinstance(entry.get("data", {}), dict):
            task = read_task(entry)
            build_shapes(task.shapes or (), 100, 100)


@given(st.text(max_size=200), st.lists(st.text(max_size=30), max_size=12))
@ANYTHING
def test_no_text_stops_the_readers_of_lines(text, lines):
    list(read_conll(lines))
    list(read_boxes(text, ["cat"]))
    for read in (read_classes, lambda t: read_voc(t.encode())):
        try:
            read(text)
        except ValueError as error:
            assert str(error)


@given(st.floats(), st.floats(), st.floats(), st.floats(), st.floats())
@ANYTHING
def test_every_box_that_is_kept_lies_within_its_picture(x0, y0, x1, y1, side):
    shapes = [
        Shape(kind, "cat", ((x0, y0), (x1, y1), (y0, x1)) if kind == "polygon" else ((x0, y0), (x1, y1)), (side, side))
        for kind in ("box", "polygon", "keypoint")
    ]

    results, problems = build_shapes(shapes, 10, 10)

    assert len(results) + len(problems) == 3
    for result in results:
        value = result["value"]
        points = value.get("points") or [
            (value["x"], value["y"]), (value["x"] + value.get("width", 0) * (result["type"] == "rectanglelabels"),
                                       value["y"] + value.get("height", 0))]  # fmt: skip
        assert all(-1e-6 <= number <= 100 + 1e-6 for point in points for number in point)
    json.dumps(results, allow_nan=False)


def add_special(kind: bytes, name: str = "evil.png", target: str = "/etc/passwd") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)
        picture = tarfile.TarInfo("ok.png")
        content = jpeg(7)
        picture.size = len(content)
        archive.addfile(picture, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (add_special(tarfile.SYMTYPE), "links are not followed"),
        (add_special(tarfile.LNKTYPE), "links are not followed"),
        (add_special(tarfile.FIFOTYPE), "no ordinary file"),
        (add_special(tarfile.CHRTYPE), "no ordinary file"),
        (add_special(tarfile.REGTYPE, "../../evil.png"), "leaves the archive"),
        (add_special(tarfile.REGTYPE, "/etc/evil.png"), "leaves the archive"),
    ],
    ids=["symlink", "hard-link", "pipe", "device", "above", "absolute"],
)
def test_a_hostile_member_of_a_tar_is_set_aside(take_in, content, words):
    outcome = take_in("image", {"a.tar": content})

    assert len(outcome.rows) == 1 and words in outcome.reasons


def test_a_cut_tar_gives_what_came_before_the_cut(take_in):
    files = {f"{number}.png": jpeg(number) for number in range(40)}
    content = tar_of(files, mode="w")

    outcome = take_in("image", {"a.tar": content[: len(content) // 2 + 100], "b.png": jpeg(200)})

    assert 5 < len(outcome.rows) < 40 and outcome.rows[-1]["source_uri"] == "b.png"
    assert "damaged" in outcome.reasons


@pytest.mark.parametrize("content", [b"\x1f\x8b" + b"x" * 400, b"BZh9" + b"x" * 400, b"\xfd7zXZ\x00" + b"x" * 400])
def test_something_packed_that_holds_no_tar_is_refused(take_in, content):
    outcome = take_in("image", {"a.tar.gz": content, "b.png": jpeg(2)})

    assert len(outcome.rows) == 1 and "damaged" in outcome.reasons


def test_a_tar_bomb_is_refused(take_in):
    bomb = tar_of({f"{n}.txt": b"\0" * 8_000_000 for n in range(4)})

    outcome = take_in("text", {"bomb.tar.gz": bomb, "ok.txt": b"fine"}, limits=IngestLimits(file_bytes=1_000_000))

    assert [row["text"] for row in outcome.rows] == ["fine"]
    assert "bomb" in outcome.reasons or "larger than" in outcome.reasons


def test_a_zip_of_zips_and_a_zip_in_a_tar_are_not_opened(take_in):
    inner = zip_of({"p.png": jpeg(1)})

    outcome = take_in("image", {"a.zip": zip_of({"b.zip": inner}), "c.tar": tar_of({"d.zip": inner}, mode="w")})

    assert not outcome.rows and outcome.reasons.count("archive inside an archive") == 2


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_flipped_bytes_anywhere_stop_nothing(take_in, tmp_path_factory, data):
    whole = data.draw(st.sampled_from([
        zip_of(YOLO), tar_of(YOLO), zip_of({"Annotations/a.xml": VOC, "a.png": jpeg(1)}),
        tar_of({"a.conll": CONLL}, mode="w"),
    ]))  # fmt: skip
    broken = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=12)):
        broken[place] ^= data.draw(st.integers(1, 255))
    kind = data.draw(st.sampled_from(["image", "text"]))

    good = {"ok.png": jpeg(3)} if kind == "image" else {"ok.txt": b"ok"}
    outcome = take_in(
        kind, {"a.bin": bytes(broken)} | good,
        label_kind="regions" if kind == "image" else "spans", workdir=tmp_path_factory.mktemp("work"),
    )  # fmt: skip

    assert outcome.rows[-1]["source_uri"].startswith("ok.")


def test_a_table_of_ten_thousand_columns_is_refused_with_a_sentence(take_in):
    wide = ",".join(f"c{n}" for n in range(10_000)) + "\n" + ",".join("1" for _ in range(10_000)) + "\n"

    assert "columns" in take_in("row", {"wide.csv": wide.encode()}).reasons


def test_one_endless_line_costs_little_memory(take_in):
    outcome = take_in("row", {"long.csv": b"a,b\n" + b"x" * 30_000_000 + b"\n1,2\n"}, limits=IngestLimits())

    assert len(outcome.rows) == 1 and "too long" in outcome.reasons


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32"])
def test_texts_in_other_encodings_are_read_or_refused(take_in, encoding):
    outcome = take_in("text", {"a.txt": "Café im Gebäude, sagte sie".encode(encoding), "b.txt": b"fine"})

    assert outcome.rows[-1]["text"] == "fine"
    assert len(outcome.rows) + len(outcome.rejects) == 2
    if encoding in ("utf-8-sig", "utf-16", "latin-1"):
        assert outcome.rows[0]["text"] == "Café im Gebäude, sagte sie"


def test_a_picture_under_the_wrong_name_is_known_by_its_content(take_in):
    outcome = take_in("image", {"a.zip": zip_of({"photo.jpg": jpeg(3), "text.png": "not a picture"})})

    assert outcome.rows[0]["mime"] == "image/png" and "not a picture" in outcome.reasons


def test_a_zip_with_a_member_twice_brings_both(take_in):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a.png", jpeg(1))
        archive.writestr("a.png", jpeg(2))

    assert len(take_in("image", {"a.zip": out.getvalue()}).rows) == 2
