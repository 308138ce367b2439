"""Regions on pictures out of archives of YOLO, Pascal VOC and masks as PNG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import orjson
from PIL import Image

from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.label_imports import Draft, Found, LabelImportSpec, Rejected
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.formats.regions import Shape
from workers.engines.ingest.formats.voc import read_voc as read_voc_file
from workers.engines.ingest.formats.yolo import read_class_lines, read_classes
from workers.engines.ingest.images import check_image
from workers.engines.labels_export import brush
from workers.engines.labels_import.coco import pair_up
from workers.engines.labels_import.members import Members

MASKS = "masks.jsonl"
ANY_ENDING = ".*"  # of a picture that a label file is called like
CLASS_FILES = ("classes.txt", "obj.names", "labels.txt")
NO_LABELS = (*CLASS_FILES, "readme.txt", "train.txt", "val.txt", "test.txt")
ALIKE = 1e-3  # of a side: corners that were rounded to three or more digits
Outcome = Draft | Rejected


def read_yolo(spec: LabelImportSpec, names: Sequence[str] = ()) -> Iterator[Outcome]:
    """Boxes, four corners or outlines: a line says by its length which; of eight numbers the layout, or what all lines
    look like. A number more than corners need is a model's confidence. `names` are the classes of an archive that names
    none.
    """
    with Members(spec.path) as members:
        is_turned = spec.layout == "YOLO_OBB" or (not spec.layout and _has_turned_boxes(spec, members))
        corners = "turned box" if is_turned else "polygon"
        classes = _read_classes(members) or list(names)
        if not classes:
            yield Rejected(spec.name, "there is no data.yaml or classes.txt that names the classes")
            return
        for name in _list_label_files(members):
            found, problems = [], []
            for number, line in enumerate(members.read_text(name).splitlines(), start=1):
                try:
                    found += [_read_line(line.split(), classes, corners)] if line.strip() else []
                except (ValueError, IndexError) as error:
                    problems.append(Rejected(f"{name}, line {number}", str(error)))
            yield from problems
            yield Draft(name, None, str(PurePosixPath(name).with_suffix(ANY_ENDING)), tuple(found))


def _list_label_files(members: Members) -> list[str]:
    return [name for name in members.list(".txt") if PurePosixPath(name).name.lower() not in NO_LABELS]


def _has_turned_boxes(spec: LabelImportSpec, members: Members) -> bool:
    """Whether every line has four corners of a parallelogram, as a turned box has in fractions of the sides; where
    a project asks for boxes and no outlines, four corners are enough.
    """
    asked = {control.type for control in spec.interface.controls}
    if "rectanglelabels" not in asked or not asked & {"polygonlabels", "brushlabels"}:
        return "rectanglelabels" in asked
    is_known = False
    for name in _list_label_files(members):
        for line in members.read_text(name).splitlines():
            if cells := line.split():
                if len(cells) not in (9, 10) or not _is_parallelogram(cells[1:9]):
                    return False
                is_known = True
    return is_known


def _is_parallelogram(cells: Sequence[str]) -> bool:
    try:
        x0, y0, x1, y1, x2, y2, x3, y3 = (float(cell) for cell in cells)
    except ValueError:
        return False
    return abs(x0 + x2 - x1 - x3) < ALIKE and abs(y0 + y2 - y1 - y3) < ALIKE


def _read_classes(members: Members) -> list[str]:
    for name in members.list(".yaml", ".yml"):
        return read_classes(members.read_text(name))
    for name in members.list(".txt", ".names"):
        if PurePosixPath(name).name.lower() in CLASS_FILES:
            return read_class_lines(members.read_text(name))
    return []


def _read_line(cells: Sequence[str], classes: Sequence[str], corners: str) -> Found:
    label = classes[int(cells[0])] if 0 <= int(cells[0]) < len(classes) else ""
    if not label:
        raise ValueError(f"class {cells[0]} is not in the list of {len(classes)} names")
    numbers = [float(cell) for cell in cells[1:]]
    if len(numbers) in (4, 5):  # a fifth is a model's confidence
        x, y, width, height = numbers[:4]
        confidence = numbers[4] if len(numbers) == 5 else None
        middle = ((x - width / 2, y - height / 2), (x + width / 2, y + height / 2))
        return Found("box", label, middle, (1.0, 1.0), score=confidence)
    confidence = numbers.pop() if len(numbers) > 6 and len(numbers) % 2 else None
    if len(numbers) < 6 or len(numbers) % 2:
        raise ValueError("the line is neither “class x y width height” nor a class and corners")
    kind = corners if len(numbers) == 8 else "polygon"
    return Found(kind, label, pair_up(numbers), (1.0, 1.0), score=confidence)


def read_voc(spec: LabelImportSpec) -> Iterator[Outcome]:
    """An XML a picture, also those with nothing on them."""
    with Members(spec.path) as members:
        for name in members.list(".xml"):
            try:
                found = read_voc_file(members.read(name))
            except ValueError as error:
                yield Rejected(name, str(error))
                continue
            yield from (Rejected(name, problem) for problem in found.problems)
            boxes = tuple(_read_shape(shape) for shape in found.shapes)
            yield Draft(name, None, _find_picture(name, found.file_name), boxes)


def _find_picture(name: str, told: str) -> str:
    """Where the picture of the label file `name` lies: as it tells, by default in the place that its own is for."""
    if "/" in told or "\\" in told:
        return told
    own = PurePosixPath(name)
    return str(own.parent / told if told else own.with_suffix(ANY_ENDING))


def _read_shape(shape: Shape) -> Found:
    return Found(shape.kind, shape.label, shape.points, shape.scale)


def read_masks(spec: LabelImportSpec) -> Iterator[Outcome]:
    """masks.jsonl says which PNG belongs to which picture and class; white counts."""
    with Members(spec.path) as members:
        for number, line in enumerate(members.read(MASKS).splitlines(), start=1):
            try:
                listed = orjson.loads(line)
                found = tuple(_read_png(members, one) for one in listed["masks"])
                yield Draft(f"{MASKS}, line {number}", None, str(listed["picture"]), found)
            except (Refused, KeyError, TypeError, ValueError) as error:
                yield Rejected(f"{MASKS}, line {number}", str(error)[:200])


def _read_png(members: Members, one: Mapping[str, Any]) -> Found:
    content = members.read(str(one["file"]))
    check_image(content, IngestLimits())
    with Image.open(io.BytesIO(content)) as image:
        mask = np.asarray(image.convert("L")) > 127
    value = {"format": "rle", "rle": brush.encode(mask)}
    return Found("brush", str(one["label"]), value=value, control=str(one.get("control") or ""))
