"""YOLO in its three forms and Pascal VOC: one small file a picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from lifecycle.contracts.label_exports import LabeledTask
from workers.engines.export.archive import Archive
from workers.engines.export.bookkeeping import ClassNames
from workers.engines.labels_export import brush, contours
from workers.engines.labels_export.shapes import Point, Shape, find_hull, find_outline, is_turned, list_shapes
from workers.engines.labels_export.source import Source, name_file

TURNED = "turned boxes became the upright boxes around them"
NO_BOX = "outlines became the boxes around them"
NOT_TURNED = "shapes that are no boxes were left out"
SQUARED = "boxes became outlines of four corners"
ROUNDED = "ellipses became outlines of 64 corners"
TRACED = "masks became outlines along the edges of their pixels"
EMPTY = "masks with nothing painted were left out"
BROKEN = "masks that cannot be read were left out"
OTHER = "entries that this layout has no place for were left out"
OUTLINED = ("box", "polygon", "ellipse")


def write_yolo(source: Source, target: Path) -> None:
    """class x y width height, in fractions of the sides."""

    def describe(shape: Shape, width: int, height: int) -> list[float]:
        left, top, right, bottom = _find_upright(source, shape, width, height)
        numbers = ((left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width)
        return [*numbers, (bottom - top) / height]

    _write_yolo(source, target, OUTLINED, describe)


def write_yolo_obb(source: Source, target: Path) -> None:
    """class and the four corners of a box, from its upper left one on clockwise."""

    def describe(shape: Shape, width: int, height: int) -> list[float]:
        return _scale(find_outline(shape, width, height), width, height)

    _write_yolo(source, target, ("box",), describe)


def write_yolo_seg(source: Source, target: Path) -> None:
    """class and the corners of an outline; a mask's runs along the edges of its pixels."""

    def describe(shape: Shape, width: int, height: int) -> list[float]:
        if shape.kind == "brush":
            return _scale(_trace(source, shape, width, height), width, height)
        if shape.kind != "polygon":
            source.leave_out(SQUARED if shape.kind == "box" else ROUNDED)
        return _scale(find_outline(shape, width, height), width, height)

    _write_yolo(source, target, (*OUTLINED, "brush"), describe)


def _trace(source: Source, shape: Shape, width: int, height: int) -> list[Point]:
    try:
        outline = contours.trace(brush.decode(shape.value["rle"], width, height))
    except (KeyError, TypeError, ValueError):
        source.leave_out(BROKEN)
        return []
    source.leave_out(TRACED if outline else EMPTY)
    return outline


def _write_yolo(
    source: Source, target: Path, kinds: tuple[str, ...], describe: Callable[[Shape, int, int], list[float]]
) -> None:
    names = ClassNames(source.spec.classes)
    with Archive(target) as archive:
        for task in source.read_answered():
            lines = []
            for shape in _list_known(source, task, kinds):
                numbers = describe(shape, task.item.width or 0, task.item.height or 0)
                if not numbers:
                    continue
                lines.append(" ".join([str(names.number(shape.label)), *(f"{number:.9g}" for number in numbers)]))
            _add_picture(source, archive, task)
            archive.add(f"labels/{task.item.name}.txt", "".join(line + "\n" for line in lines))
            source.written += 1
        lines = ["path: .", "train: images", "val: images", "names:"]
        lines += [f"  {number}: {json.dumps(name, ensure_ascii=False)}" for number, name in enumerate(names.names)]
        archive.add("data.yaml", "\n".join(lines) + "\n")
        archive.add("classes.txt", "".join(f"{' '.join(name.split())}\n" for name in names.names))


def write_voc(source: Source, target: Path) -> None:
    """Annotations/….xml with upright boxes in pixels counted from 1."""
    with Archive(target) as archive:
        for task in source.read_answered():
            _add_picture(source, archive, task)
            archive.add(f"Annotations/{task.item.name}.xml", "".join(_describe_voc(source, task)))
            source.written += 1


def _describe_voc(source: Source, task: LabeledTask) -> Iterator[str]:
    width, height = task.item.width or 0, task.item.height or 0
    size = f"<width>{width}</width><height>{height}</height><depth>3</depth>"
    yield f"<annotation><folder>images</folder><filename>{escape(name_file(task))}</filename><size>{size}</size>"
    for shape in _list_known(source, task, OUTLINED):
        left, top, right, bottom = _find_upright(source, shape, width, height)
        box = (f"<xmin>{left + 1:.9g}</xmin><ymin>{top + 1:.9g}</ymin>"
               f"<xmax>{right:.9g}</xmax><ymax>{bottom:.9g}</ymax>")  # fmt: skip
        yield f"<object><name>{escape(shape.label)}</name><difficult>0</difficult><bndbox>{box}</bndbox></object>"
    yield "</annotation>\n"


def _find_upright(source: Source, shape: Shape, width: int, height: int) -> tuple[float, float, float, float]:
    if shape.kind != "box":
        source.leave_out(NO_BOX)
    elif is_turned(shape):
        source.leave_out(TURNED)
    return find_hull(find_outline(shape, width, height), width, height)


def _list_known(source: Source, task: LabeledTask, kinds: tuple[str, ...]) -> Iterator[Shape]:
    shapes = list(list_shapes(task.chosen or ()))
    for _ in range(len(task.chosen or ()) - len(shapes)):
        source.leave_out(OTHER)
    for shape in shapes:
        if shape.kind in kinds:
            yield shape
        else:
            source.leave_out(NOT_TURNED if kinds == ("box",) else OTHER)


def _add_picture(source: Source, archive: Archive, task: LabeledTask) -> None:
    if source.spec.with_pictures:
        archive.add(f"images/{name_file(task)}", source.read_blob(task.item.blob))


def _scale(outline: list[Point], width: int, height: int) -> list[float]:
    return [number for x, y in outline for number in (x / width, y / height)]
