"""COCO: pictures, classes, and boxes, outlines, points and masks in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from lifecycle.contracts.label_exports import LabeledTask
from workers.engines.export.archive import Archive
from workers.engines.export.bookkeeping import ClassNames
from workers.engines.labels_export import brush
from workers.engines.labels_export.shapes import Shape, find_hull, find_outline, is_turned, list_shapes, measure_area
from workers.engines.labels_export.source import Source, name_file

OTHER = "entries that are no shapes were left out"
BROKEN = "masks that cannot be read were left out"


def write_coco(source: Source, target: Path) -> None:
    """result.json, and images/ where they are asked for. What COCO cannot say stands under `attributes`."""
    names = ClassNames(source.spec.classes)
    with _JsonLists(target.with_suffix("")) as lists, Archive(target) as archive:
        for task in source.read_answered():
            if source.spec.with_pictures:
                archive.add(f"images/{name_file(task)}", source.read_blob(task.item.blob))
            size = {"width": task.item.width, "height": task.item.height}
            dated = {"date_captured": task.item.captured_at} if task.item.captured_at else {}
            lists.add_picture({"id": task.body["id"], "file_name": f"images/{name_file(task)}", **size, **dated})
            shapes = list(list_shapes(task.chosen or ()))
            for _ in range(len(task.chosen or ()) - len(shapes)):
                source.leave_out(OTHER)
            for shape in shapes:
                described = describe(shape, task)
                if described is None:
                    source.leave_out(BROKEN)
                else:
                    lists.add_shape(task.body["id"], names.number(shape.label), described)
            source.written += 1
        path = lists.finish([{"id": number, "name": name} for number, name in enumerate(names.names)])
        archive.add_file("result.json", path, is_packed=True)


def describe(shape: Shape, task: LabeledTask) -> dict[str, Any] | None:
    """Box, outline and the rest of one region; None for a mask that cannot be read."""
    width, height = task.item.width or 0, task.item.height or 0
    value = shape.value
    if shape.kind == "brush":
        return _describe_mask(value, width, height)
    if shape.kind == "point":
        x, y = value["x"] * width / 100, value["y"] * height / 100
        attributes = {"width": value["width"]} if "width" in value else {}
        return {"bbox": [x, y, 0, 0], "area": 0, "segmentation": [], "keypoints": [x, y, 2], "num_keypoints": 1,
                "attributes": attributes}  # fmt: skip
    outline = find_outline(shape, width, height)
    left, top, right, bottom = find_hull(outline, width, height)
    found: dict[str, Any] = {"bbox": [left, top, right - left, bottom - top], "area": measure_area(outline)}
    flat = [number for point in outline for number in point]
    if shape.kind == "box" and not is_turned(shape):
        return found | {"segmentation": []}
    if shape.kind == "box":
        return found | {"segmentation": [flat], "attributes": {"rotation": value["rotation"]}}
    if shape.kind == "ellipse":
        kept = {name: value[name] for name in ("x", "y", "radiusX", "radiusY", "rotation") if name in value}
        return found | {"segmentation": [flat], "attributes": {"ellipse": kept}}
    return found | {"segmentation": [flat]}


def _describe_mask(value: Any, width: int, height: int) -> dict[str, Any] | None:
    try:
        mask = brush.decode(value["rle"], width, height)
    except (KeyError, TypeError, ValueError):
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box: Sequence[int] = [0, 0, 0, 0]
    if rows.size:
        left, top = int(columns[0]), int(rows[0])
        box = [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
    counts = {"size": [height, width], "counts": brush.count_runs(mask)}
    return {"bbox": list(box), "area": int(mask.sum()), "segmentation": counts}


class _JsonLists:
    """The JSON, written in two halves on disk so that memory stays flat."""

    def __init__(self, stem: Path):
        self._images = open(stem.with_suffix(".images"), "w+b")  # noqa: SIM115  closed on exit
        self._shapes = open(stem.with_suffix(".shapes"), "w+b")  # noqa: SIM115
        self._path = stem.with_suffix(".json")
        self.pictures = self.shapes = 0

    def __enter__(self) -> _JsonLists:
        return self

    def __exit__(self, *error: object) -> None:
        self._images.close()
        self._shapes.close()

    def add_picture(self, picture: dict[str, Any]) -> None:
        self._images.write((b",\n" if self.pictures else b"") + orjson.dumps(picture))
        self.pictures += 1

    def add_shape(self, picture: int, category: int, described: dict[str, Any]) -> None:
        entry = {"id": self.shapes, "image_id": picture, "category_id": category, "iscrowd": 0, "ignore": 0}
        self._shapes.write((b",\n" if self.shapes else b"") + orjson.dumps(entry | described))
        self.shapes += 1

    def finish(self, categories: list[dict[str, Any]]) -> Path:
        with open(self._path, "wb") as out:
            for key, part in ((b'{"images": [', self._images), (b'], "annotations": [', self._shapes)):
                out.write(key)
                part.seek(0)
                while block := part.read(1 << 20):
                    out.write(block)
            out.write(b'], "categories": ' + orjson.dumps(categories) + b"}")
        return self._path
