"""Export → import gives back what was labeled: everything where the layout can hold it, else exactly what it can."""

from __future__ import annotations

import math
import zipfile
from collections import Counter

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.contracts.label_exports import LAYOUTS, LabeledTask, LabelExportSpec, Picture, arm, disarm
from lifecycle.contracts.label_imports import Draft, LabelImportSpec
from lifecycle.contracts.label_interface import CONTROLS, parse_interface
from workers.engines import labels_export, labels_import
from workers.engines.labels_export import brush, contours

NAMES = ("cat", "New York", "שמח 🙂")
LABELS = "".join(f'<{{part}} value="{name}"/>' for name in NAMES)
TEXT = "שלום 🙂 New York, =1+1 is\u200f two. 👩‍👩‍👧 “[x]”"
WIDTH, HEIGHT = 40, 25
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
TABLES = ("JSON_MIN", "CSV", "TSV")


class Silent:
    """A report nobody reads."""

    def progress(self, fraction, message=""): ...

    def log(self, message, level="info"): ...

    def metrics(self, step, values): ...

    def checkpoint(self, path, step): ...


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12),
    st.sampled_from(["שלום", "👩‍👩‍👧 🙂", "=1+1", "'=x", '["a"]', '"a"', "a\nb", " x ", "-5", "e\u0301"]),
)
percent = st.integers(0, 60)
names = st.sampled_from(NAMES)
ids = st.uuids().map(lambda one: str(one)[:8])


def box(x, y, width, height, rotation=0):
    return {"x": x, "y": y, "width": width, "height": height, "rotation": rotation}


def mask_of(pixels):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for x, y in pixels:
        mask[y : y + 4, x : x + 6] = True
    return {"format": "rle", "rle": brush.encode(mask)}


hundredths = st.integers(0, 10_000).map(lambda number: number / 100)
corner = st.tuples(hundredths, hundredths).map(list)
sizes = st.integers(1, 40)
GEOMETRY = {
    "RectangleLabels": st.builds(box, percent, percent, sizes, sizes, st.sampled_from([0, 0, 30, 90, 211.5])),
    "PolygonLabels": st.lists(corner, min_size=3, max_size=7).map(lambda points: {"points": points, "closed": True}),
    "EllipseLabels": st.builds(
        lambda x, y, a, b, turn: {"x": x, "y": y, "radiusX": a, "radiusY": b, "rotation": turn},
        st.integers(30, 60), st.integers(30, 60), st.integers(1, 20), st.integers(1, 20), st.sampled_from([0, 45]),
    ),
    "KeyPointLabels": st.builds(lambda x, y: {"x": x, "y": y, "width": 0.75}, percent, percent),
    "BrushLabels": st.lists(st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1)), max_size=3).map(mask_of),
    "Labels": st.tuples(st.integers(0, len(TEXT) - 2), st.integers(1, 9)).map(
        lambda at: {"start": at[0], "end": min(sum(at), len(TEXT)), "text": TEXT[at[0] : sum(at)]}
    ),
    "HyperTextLabels": st.builds(
        lambda start, length: {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": start,
                               "endOffset": start + length, "globalOffsets": {"start": start, "end": start + length},
                               "text": TEXT[start : start + length]},
        st.integers(0, 9), st.integers(1, 9),
    ),
    "ParagraphLabels": st.builds(
        lambda at: {"start": "0", "end": "0", "startOffset": at, "endOffset": at + 2, "text": "ab"}, st.integers(0, 9)
    ),
    "TimeSeriesLabels": st.builds(
        lambda start, length: {"start": start, "end": start + length, "instant": False}, percent, sizes
    ),
}  # fmt: skip
SAYS = {
    "Choices": names.map(lambda one: {"choices": [one]}),
    "Rating": st.integers(1, 5).map(lambda one: {"rating": one}),
    "Number": st.one_of(st.integers(-9, 9), st.floats(-1e6, 1e6)).map(lambda one: {"number": one}),
    "TextArea": st.lists(texts, min_size=1, max_size=3).map(lambda one: {"text": one}),
    "Taxonomy": st.lists(names.map(lambda one: [one]), min_size=1, max_size=2, unique_by=str).map(
        lambda one: {"taxonomy": one}
    ),
    "Pairwise": st.sampled_from(["left", "right"]).map(lambda one: {"selected": one}),
}
OBJECTS = {"HyperTextLabels": "HyperText", "ParagraphLabels": "Paragraphs", "TimeSeriesLabels": "TimeSeries",
           "Labels": "Text"}  # fmt: skip


def make_interface(tag: str):
    rule = CONTROLS[tag]
    shown = OBJECTS.get(tag, "Image" if tag in GEOMETRY else "Text")
    inner = LABELS.replace("{part}", rule.part) if rule.part else ""
    inside = '<Channel column="a"/>' if shown == "TimeSeries" else ""
    extra = '<TextArea name="why" toName="o" perRegion="true"/><Relations><Relation value="of"/></Relations>'
    target, second = ("o,p", '<Text name="p" value="$other"/>') if tag == "Pairwise" else ("o", "")
    return parse_interface(
        f'<View><{shown} name="o" value="$shown">{inside}</{shown}>{second}'
        f'<{tag} name="c" toName="{target}">{inner}</{tag}>{extra if tag in GEOMETRY else ""}</View>'
    )


@st.composite
def results(draw, tag: str, interface):
    """Entries of one answer, in the configuration's names; regions sometimes with a note or a relation."""
    control = next(one for one in interface.controls if one.tag == tag)
    to = ",".join(control.to)
    if tag in SAYS:
        made = [{"from_name": control.name, "to_name": to, "type": control.type, "value": draw(SAYS[tag])}]
        return interface.swap_names(interface.check_result(made)) if draw(st.booleans()) or tag != "TextArea" else []
    made, identifiers = [], draw(st.lists(ids, max_size=4, unique=True))
    sized = (
        {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
        if "Image" in str(OBJECTS.get(tag, "Image"))
        else {}
    )
    for one in identifiers:
        value = draw(GEOMETRY[tag]) | {control.type: [draw(names)]}
        made.append(
            {"id": one, "from_name": control.name, "to_name": to, "type": control.type, **sized, "value": value}
        )
        if draw(st.booleans()):
            note = {"text": [draw(texts)]}
            made.append({"id": one, "from_name": "why", "to_name": to, "type": "textarea", "value": note})
    if len(identifiers) > 1 and draw(st.booleans()):
        made.append({"type": "relation", "from_id": identifiers[0], "to_id": identifiers[1], "direction": "right",
                     "labels": ["of"]})  # fmt: skip
    return interface.swap_names(interface.check_result(made))


def make_task(number: int, result: list, data: dict) -> LabeledTask:
    about = {"completed_by": 1, "created_at": "2026-01-01", "updated_at": "2026-01-01", "lead_time": 1.5,
             "was_cancelled": False, "ground_truth": False}  # fmt: skip
    body = {"id": number, "data": data, "meta": {}, "predictions": [],
            "annotations": [{"id": number, "result": result, **about}]}  # fmt: skip
    item = Picture(f"{number}_abcdef", "b" * 64, "image/png", WIDTH, HEIGHT, TEXT)
    return LabeledTask(body, item, result, number)


def send_round(layout: str, interface, tasks, folder) -> list[Draft]:
    """Out as a file, and in again."""
    written = labels_export.run(
        LabelExportSpec(layout, NAMES, task_count=len(tasks)), tasks, workdir=folder, report=Silent(),
        should_stop=lambda: False, open_blob=open,  # nothing is opened without pictures
    )  # fmt: skip
    spec = LabelImportSpec(written.path, written.path, interface, layout)
    found = list(labels_import.read(spec))
    assert [one for one in found if not isinstance(one, Draft)] == []
    return found


def simplify(result) -> Counter:
    """What is said, without ids that nothing refers to and without sizes."""
    used = Counter(one.get("id") for one in result)
    ends = {one[end] for one in result if one["type"] == "relation" for end in ("from_id", "to_id")}
    return Counter(
        orjson.dumps(
            {k: v for k, v in one.items() if k != "image_rotation" and (k != "id" or used[v] > 1 or v in ends)},
            option=orjson.OPT_SORT_KEYS,
        )
        for one in result
    )


@pytest.mark.parametrize("tag", [tag for tag in CONTROLS if tag != "Relations"])
def test_every_tag_comes_back_from_tables(tag, tmp_path):
    interface = make_interface(tag)

    @QUICK
    @given(st.lists(results(tag, interface), min_size=1, max_size=3))
    def check(answers):
        data = {"shown": TEXT, "other": "=1"}
        tasks = [make_task(number, result, data) for number, result in enumerate(answers, start=1)]
        for layout in ("JSON", "PARQUET"):
            drafts = send_round(layout, interface, tasks, tmp_path)
            assert [one.body["annotations"][0]["result"] for one in drafts] == answers
        for layout in TABLES:
            drafts = send_round(layout, interface, tasks, tmp_path)
            assert [one.body["data"]["shown"] for one in drafts] == [TEXT] * len(answers)
            got = [one.body["annotations"][0]["result"] for one in drafts]
            assert [simplify(one) for one in got] == [simplify(one) for one in answers]

    check()


def is_held(layout: str, entry) -> bool:
    return entry["type"] in LAYOUTS[layout].types


def measure(entry) -> tuple:
    """A shape as numbers that are compared with a tolerance."""
    value = entry["value"]
    label = value[entry["type"]][0]
    if "points" in value:
        return label, [number for point in value["points"] for number in point]
    if "rle" in value:
        return label, np.flatnonzero(brush.decode(value["rle"], WIDTH, HEIGHT)).tolist()
    names = [name for name in ("x", "y", "width", "height", "radiusX", "radiusY", "rotation") if name in value]
    return label, [value[name] for name in names]


def draw_outline(entry):
    from workers.engines.labels_export.shapes import find_outline, list_shapes

    [shape] = list_shapes([entry])
    return find_outline(shape, WIDTH, HEIGHT)


def expect(layout: str, entry) -> tuple:
    """What the layout can hold of one shape."""
    kind, value = entry["type"], entry["value"]
    label = value[kind][0]
    if layout == "YOLO_SEG" and kind == "brushlabels":
        outline = contours.trace(brush.decode(value["rle"], WIDTH, HEIGHT))
    else:
        outline = [] if kind in ("brushlabels", "keypointlabels") else draw_outline(entry)
    if layout in ("YOLO", "VOC"):
        xs, ys = [min(max(x, 0), WIDTH) for x, _ in outline], [min(max(y, 0), HEIGHT) for _, y in outline]
        sides = (min(xs) / WIDTH, min(ys) / HEIGHT, (max(xs) - min(xs)) / WIDTH, (max(ys) - min(ys)) / HEIGHT)
        return label, [*(side * 100 for side in sides), 0]
    if layout == "YOLO_SEG" and kind != "polygonlabels":
        return label, np.clip([n for x, y in outline for n in (x / WIDTH * 100, y / HEIGHT * 100)], 0, 100).tolist()
    return measure(entry)


ALL_SHAPES = parse_interface(
    '<View><Image name="o" value="$shown"/>'
    + "".join(f'<{tag} name="{tag}" toName="o">{LABELS.replace("{part}", "Label")}</{tag}>' for tag in
              ("RectangleLabels", "PolygonLabels", "EllipseLabels", "KeyPointLabels", "BrushLabels"))
    + "</View>"
)  # fmt: skip
NO_POLYGONS = parse_interface(
    f'<View><Image name="o" value="$shown"/><RectangleLabels name="RectangleLabels" toName="o">'
    f"{LABELS.replace('{part}', 'Label')}</RectangleLabels></View>"
)
DRAWN = [tag for tag in GEOMETRY if tag not in OBJECTS]
PICTURES = {
    "COCO": ALL_SHAPES,
    "YOLO": NO_POLYGONS,
    "YOLO_OBB": NO_POLYGONS,
    "YOLO_SEG": ALL_SHAPES,
    "VOC": NO_POLYGONS,
    "BRUSH_TO_PNG": ALL_SHAPES,
}


@st.composite
def shapes(draw):
    """Any shapes on one picture, none at all among them, touching ones too."""
    made = []
    for number, tag in enumerate(draw(st.lists(st.sampled_from(DRAWN), max_size=4))):
        control = CONTROLS[tag]
        value = draw(GEOMETRY[tag]) | {control.type: [draw(names)]}
        made.append({"id": f"r{number}", "from_name": tag, "to_name": "o", "type": control.type, "value": value})
    if draw(st.booleans()):
        for place in (0, 20):
            value = box(place, 0, 20, 20) | {"rectanglelabels": ["cat"]}
            made.append({"id": f"t{place}", "from_name": "RectangleLabels", "to_name": "o", "type": "rectanglelabels",
                         "value": value})  # fmt: skip
    return made


@pytest.mark.parametrize("layout", PICTURES)
def test_layouts_of_pictures_give_back_what_they_can_hold(layout, tmp_path):
    interface = PICTURES[layout]

    @QUICK
    @given(st.lists(shapes(), min_size=1, max_size=3))
    def check(answers):
        tasks = [make_task(number, result, {"shown": "x"}) for number, result in enumerate(answers, start=1)]
        drafts = send_round(layout, interface, tasks, tmp_path)

        assert [one.picture.split("/")[-1].split(".")[0] for one in drafts] == [task.item.name for task in tasks]
        for draft, answer in zip(drafts, answers, strict=True):
            result, problems = labels_import.build_result(interface, draft.regions, WIDTH, HEIGHT)
            wanted = [expect(layout, entry) for entry in answer if is_held(layout, entry) and has_area(layout, entry)]
            got = [measure(entry) for entry in result]
            assert [label for label, _ in got] == [label for label, _ in wanted], problems
            for (_, mine), (_, theirs) in zip(got, wanted, strict=True):
                assert np.allclose(mine, theirs, atol=1e-4), (mine, theirs)

    check()


def has_area(layout: str, entry) -> bool:
    """Hulls without an area, or outside the picture, are no boxes; masks with nothing painted are no outlines."""
    if layout == "YOLO_SEG" and entry["type"] == "brushlabels":
        return brush.decode(entry["value"]["rle"], WIDTH, HEIGHT).any()
    if layout not in ("YOLO", "VOC"):
        return True
    _, (_, _, width, height, _) = expect(layout, entry)
    return width > 1e-4 and height > 1e-4


@QUICK
@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_any_mask_is_the_inside_of_its_outline(width, height, data):
    bits = data.draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    mask = np.array(bits).reshape(height, width)
    outline = contours.trace(mask)

    assert (not outline) == (not mask.any())
    if outline:
        written = [(float(f"{x / width:.9g}") * width, float(f"{y / height:.9g}") * height) for x, y in outline]
        assert (contours.fill(written, width, height) == mask).all()


def test_masks_come_back_from_yolo_pixel_by_pixel(tmp_path):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[3:20, 4:30], mask[8:12, 9:15], mask[22:24, 33:39] = True, False, True  # a hole, and a part of its own
    value = {"format": "rle", "rle": brush.encode(mask), "brushlabels": ["cat"]}
    entry = {"id": "a", "from_name": "BrushLabels", "to_name": "o", "type": "brushlabels", "value": value}
    only_masks = parse_interface(
        f'<View><Image name="o" value="$shown"/><BrushLabels name="BrushLabels" toName="o">'
        f"{LABELS.replace('{part}', 'Label')}</BrushLabels></View>"
    )

    [draft] = send_round("YOLO_SEG", only_masks, [make_task(1, [entry], {"shown": "x"})], tmp_path)

    [back], problems = labels_import.build_result(only_masks, draft.regions, WIDTH, HEIGHT)
    assert (back["type"], back["value"]["brushlabels"], problems) == ("brushlabels", ["cat"], [])
    assert (brush.decode(back["value"]["rle"], WIDTH, HEIGHT) == mask).all()


@pytest.mark.parametrize(
    ("lines", "kinds"),
    [
        (["0 .2 .2 .6 .3 .55 .5 .15 .4", "1 .1 .1 .3 .1 .3 .2 .1 .2 .87"], ["rectanglelabels"] * 2),  # one is sure
        (["0 .2 .2 .6 .3 .5 .5 .1 .3"], ["polygonlabels"]),  # no parallelogram
        (["0 .2 .2 .6 .3 .55 .5 .15 .4", "0 .1 .1 .3 .1 .3 .2"], ["polygonlabels"] * 2),  # an outline among them
        (["0 .2 .2 .6 .3 .55 .5 .15 .4", "0 .5 .5 .2 .2"], ["polygonlabels", "rectanglelabels"]),
    ],
)
def test_turned_boxes_are_told_from_outlines_by_what_all_lines_look_like(lines, kinds, tmp_path):
    path = tmp_path / "labels.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("classes.txt", "\n".join(NAMES))
        archive.writestr("labels/a.txt", "\n".join(lines))
    spec = LabelImportSpec(str(path), path.name, ALL_SHAPES)

    [draft] = labels_import.read(spec)

    result, problems = labels_import.build_result(ALL_SHAPES, draft.regions, WIDTH, HEIGHT)
    assert [one["type"] for one in result] == kinds and problems == []


@pytest.mark.parametrize("layout", ["YOLO", "VOC"])
@pytest.mark.parametrize("x", [0.01, 33.33, 99.99])
def test_a_flat_outline_becomes_no_box(layout, x, tmp_path):
    value = {"points": [[x, 0], [x, 88.22], [x, 99.99], [x, 0]], "closed": True, "polygonlabels": ["cat"]}
    flat = {"id": "a", "from_name": "PolygonLabels", "to_name": "o", "type": "polygonlabels", "value": value}

    [draft] = send_round(layout, NO_POLYGONS, [make_task(1, [flat], {"shown": "x"})], tmp_path)

    assert labels_import.build_result(NO_POLYGONS, draft.regions, WIDTH, HEIGHT)[0] == []


def test_spans_come_back_from_conll_by_their_words(tmp_path):
    interface = make_interface("Labels")

    @QUICK
    @given(results("Labels", interface))
    def check(answer):
        [draft] = send_round("CONLL2003", interface, [make_task(1, answer, {"shown": TEXT})], tmp_path)
        got = [(one["value"]["labels"], one["value"]["text"].split()) for one in draft.body["annotations"][0]["result"]]

        wanted, reached = [], 0
        spans = [one["value"] for one in answer if one["type"] == "labels"]
        for value in sorted(spans, key=lambda one: (one["start"], one["end"], one["labels"])):
            start, end = value["start"], value["end"]
            if TEXT[start:end].strip() and start >= reached:
                wanted.append((value["labels"], TEXT[start:end].split()))
                reached = end
        assert got == wanted

    check()


@QUICK
@given(texts)
def test_a_cell_is_disarmed_and_armed_again(text):
    assert arm(disarm(text)) == text
    assert not disarm(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_box_turned_back_and_forth_keeps_its_size():
    turned = {"id": "a", "from_name": "RectangleLabels", "to_name": "o", "type": "rectanglelabels",
              "value": box(10, 20, 30, 40, 359.5) | {"rectanglelabels": ["cat"]}}  # fmt: skip
    corners = draw_outline(turned)
    assert math.isclose(math.dist(corners[0], corners[1]), 0.3 * WIDTH)
