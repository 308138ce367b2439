"""Boxes and polygons on pictures: COCO, YOLO and Pascal VOC. Label Studio measures in percent of the sides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import orjson

from workers.engines.export.archive import Archive
from workers.engines.export.bookkeeping import ClassNames
from workers.engines.export.items import SPLITS, Source, list_regions, name_file

BOX, POLYGON = "rectanglelabels", "polygonlabels"
KNOWN = (BOX, POLYGON)
TURNED = "turned boxes were written as the upright boxes around them"
NO_BOX = "polygons became the boxes around them"
UNSIZED = "pictures without a known size were left out"
OTHER = "regions of other kinds were left out"
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


def write_coco(source: Source, target: Path) -> None:
    """images/<split>/…, annotations/instances_<split>.json; boxes in pixels, polygons as outlines."""
    names = ClassNames(source.spec.classes)
    with Archive(target) as archive:
        lists = {split: _CocoList(target.with_name(f"coco-{split}")) for split in SPLITS}
        for item in _read_sized(source):
            listed = lists[item["split"]]
            archive.add(f"images/{item['split']}/{name_file(item)}", source.read_blob(item["blob"]))
            size = {"width": item["width"], "height": item["height"]}
            dated = {"date_captured": item["event_time"].isoformat(" ", "seconds")} if item.get("event_time") else {}
            listed.add_picture({"id": item["item_id"], "file_name": name_file(item), **size, **dated})
            for kind, label, value in _list_known(source, item):
                listed.add_region(item["item_id"], names.number(label) + 1, _to_box(source, kind, value, item),
                                  _to_outline(kind, value, item))  # fmt: skip
            source.written += 1
        categories = [{"id": number + 1, "name": name} for number, name in enumerate(names.names)]
        for split, listed in lists.items():
            path = listed.finish(categories)
            if listed.pictures:
                archive.add_file(f"annotations/instances_{split}.json", path, is_packed=True)
        archive.add("README.md", source.spec.card)


class _CocoList:
    """One split's JSON, written in two halves on disk so that memory stays flat."""

    def __init__(self, stem: Path):
        self._images = open(stem.with_suffix(".images"), "w+b")  # noqa: SIM115  closed by finish
        self._regions = open(stem.with_suffix(".regions"), "w+b")  # noqa: SIM115
        self._path = stem.with_suffix(".json")
        self.pictures = self.regions = 0

    def add_picture(self, picture: dict[str, Any]) -> None:
        self._images.write((b",\n" if self.pictures else b"") + orjson.dumps(picture))
        self.pictures += 1

    def add_region(self, picture: int, category: int, box: Box, outline: list[float]) -> None:
        self.regions += 1
        left, top, right, bottom = box
        entry = {
            "id": self.regions, "image_id": picture, "category_id": category, "iscrowd": 0,
            "bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top),
            "segmentation": [outline] if outline else [],
        }  # fmt: skip
        self._regions.write((b",\n" if self.regions > 1 else b"") + orjson.dumps(entry))

    def finish(self, categories: list[dict[str, Any]]) -> Path:
        with open(self._path, "wb") as out:
            for key, part in ((b'{"images": [', self._images), (b'], "annotations": [', self._regions)):
                out.write(key)
                part.seek(0)
                while block := part.read(1 << 20):
                    out.write(block)
                part.close()
            out.write(b'], "categories": ' + orjson.dumps(categories) + b"}")
        return self._path


def write_yolo(source: Source, target: Path) -> None:
    """images/<split>/…, labels/<split>/….txt, data.yaml; boxes as fractions of the sides."""
    names, splits = ClassNames(source.spec.classes), set()
    with Archive(target) as archive:
        for item in _read_sized(source):
            name, split = name_file(item), item["split"]
            splits.add(split)
            archive.add(f"images/{split}/{name}", source.read_blob(item["blob"]))
            lines = []
            for kind, label, value in _list_known(source, item):
                left, top, right, bottom = _to_box(source, kind, value, item)
                if kind == POLYGON:
                    source.leave_out(NO_BOX)
                width, height = item["width"], item["height"]
                numbers = ((left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width,
                           (bottom - top) / height)  # fmt: skip
                lines.append(" ".join([str(names.number(label)), *(f"{number:.8g}" for number in numbers)]))
            archive.add(f"labels/{split}/{name.rsplit('.', 1)[0]}.txt", "".join(line + "\n" for line in lines))
            source.written += 1
        archive.add("data.yaml", _describe_yolo(splits, names.names))
        archive.add("README.md", source.spec.card)


def _describe_yolo(splits: set[str], names: list[str]) -> str:
    keys = {"train": "train", "validation": "val", "test": "test"}
    lines = ["path: ."] + [f"{keys[split]}: images/{split}" for split in SPLITS if split in splits]
    return "\n".join([*lines, "names:", *(f"  {n}: {json.dumps(name)}" for n, name in enumerate(names))]) + "\n"


def write_voc(source: Source, target: Path) -> None:
    """JPEGImages, Annotations and ImageSets/Main; boxes in pixels counted from 1."""
    stems: dict[str, list[str]] = {split: [] for split in SPLITS}
    with Archive(target) as archive:
        for item in _read_sized(source):
            name = name_file(item)
            stems[item["split"]].append(name.rsplit(".", 1)[0])
            archive.add(f"JPEGImages/{name}", source.read_blob(item["blob"]))
            archive.add(f"Annotations/{name.rsplit('.', 1)[0]}.xml", "".join(_describe_voc(source, item, name)))
            source.written += 1
        keys = {"train": "train", "validation": "val", "test": "test"}
        for split, found in stems.items():
            archive.add(f"ImageSets/Main/{keys[split]}.txt", "".join(stem + "\n" for stem in found))
        archive.add("README.md", source.spec.card)


def _describe_voc(source: Source, item: dict[str, Any], name: str) -> Iterator[str]:
    size = f"<width>{item['width']}</width><height>{item['height']}</height><depth>3</depth>"
    yield f"<annotation><folder>JPEGImages</folder><filename>{escape(name)}</filename><size>{size}</size>"
    for kind, label, value in _list_known(source, item):
        if kind == POLYGON:
            source.leave_out(NO_BOX)
        left, top, right, bottom = _to_box(source, kind, value, item)
        box = (f"<xmin>{left + 1:g}</xmin><ymin>{top + 1:g}</ymin>"
               f"<xmax>{right:g}</xmax><ymax>{bottom:g}</ymax>")  # fmt: skip
        yield f"<object><name>{escape(label)}</name><difficult>0</difficult><bndbox>{box}</bndbox></object>"
    yield "</annotation>\n"


def _read_sized(source: Source) -> Iterator[dict[str, Any]]:
    for item in source.read_items():
        if item["blob"] and item.get("width") and item.get("height"):
            yield item
        else:
            source.leave_out(UNSIZED)


def _list_known(source: Source, item: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    found = list_regions(item, KNOWN)
    for _ in range(len(item["result"] or ()) - len(found)):
        source.leave_out(OTHER)
    return found


def _to_box(source: Source, kind: str, value: dict[str, Any], item: dict[str, Any]) -> Box:
    width, height = item["width"], item["height"]
    if kind == POLYGON or value.get("rotation"):
        if kind == BOX:
            source.leave_out(TURNED)
        outline = _to_outline(POLYGON, {"points": _turn(value, item)} if kind == BOX else value, item)
        xs, ys = outline[::2], outline[1::2]
        return max(min(xs), 0.0), max(min(ys), 0.0), min(max(xs), float(width)), min(max(ys), float(height))
    left, top = value["x"] * width / 100, value["y"] * height / 100
    return left, top, left + value["width"] * width / 100, top + value["height"] * height / 100


def _turn(value: dict[str, Any], item: dict[str, Any]) -> list[list[float]]:
    """Corners in percent of a box that Label Studio turned about its upper left corner, clockwise in pixels."""
    import math

    angle, width, height = math.radians(value["rotation"]), item["width"], item["height"]
    sides = ((0, 0), (value["width"], 0), (value["width"], value["height"]), (0, value["height"]))
    corners = []
    for across, down in ((x * width / 100, y * height / 100) for x, y in sides):
        x = value["x"] * width / 100 + across * math.cos(angle) - down * math.sin(angle)
        y = value["y"] * height / 100 + across * math.sin(angle) + down * math.cos(angle)
        corners.append([x / width * 100, y / height * 100])
    return corners


def _to_outline(kind: str, value: dict[str, Any], item: dict[str, Any]) -> list[float]:
    """x, y, x, y … in pixels; empty for a box."""
    if kind != POLYGON:
        return []
    return [n for x, y in value["points"] for n in (x * item["width"] / 100, y * item["height"] / 100)]
