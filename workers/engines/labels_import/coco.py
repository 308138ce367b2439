"""Regions out of COCO: a bare JSON or those of an archive, however large. The regions are sorted by their pictures on
disk, so that memory holds the list of pictures and never the regions.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.label_imports import Draft, Found, LabelImportSpec, Rejected
from workers.engines.labels_export import brush
from workers.engines.labels_import.members import Members

Outcome = Draft | Rejected
KEPT = ("id", "file_name", "width", "height")
CACHE_KB = 8_192


def read_coco(spec: LabelImportSpec) -> Iterator[Outcome]:
    """Every picture that the JSON lists, also those with nothing on them."""
    if Path(spec.name).suffix.lower() == ".json":
        with open(spec.path, "rb") as source:
            yield from _read(spec.name, source)
        return
    with Members(spec.path) as members:
        for name in members.list(".json"):
            with tempfile.TemporaryFile() as unpacked:
                members.copy(name, unpacked)
                yield from _read(name, unpacked)


def _read(name: str, source: BinaryIO) -> Iterator[Outcome]:
    try:
        lists = _find_lists(source)
        if not {"images", "annotations"} <= lists:
            yield Rejected(name, "this JSON is no COCO: it has no lists of images and annotations")
            return
        labels, pictures = read_labels(source), read_pictures(source)
        with tempfile.TemporaryDirectory() as folder, closing(Shelf(Path(folder) / "regions")) as shelf:
            yield from _shelve(name, source, pictures, shelf)
            yield from _take(name, pictures, labels, shelf)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} is not JSON: {str(error)[:200]}") from None


def read_labels(source: BinaryIO) -> dict[Any, str]:
    """{id: name} of the classes."""
    found = _stream(source, "categories")
    return {one["id"]: str(one.get("name")) for one in found if isinstance(one.get("id"), int | str)}


def read_pictures(source: BinaryIO) -> dict[Any, dict[str, Any]]:
    """{id: file name and size} of the pictures."""
    return {
        one["id"]: {key: one[key] for key in KEPT if key in one}
        for one in _stream(source, "images")
        if one.get("file_name") and isinstance(one.get("id"), int | str)
    }


def _find_lists(source: BinaryIO) -> set[str]:
    source.seek(0)
    events = ijson.parse(source, use_float=True)
    return {prefix for prefix, event, _ in events if event == "start_array" and "." not in prefix}


def _stream(source: BinaryIO, key: str) -> Iterator[dict[str, Any]]:
    """The objects of one of the lists, one in memory at a time."""
    source.seek(0)
    return (one for one in ijson.items(source, f"{key}.item", use_float=True) if isinstance(one, dict))


class Shelf:
    """Annotations on disk under the place of their picture; they come back by picture, each in the file's order."""

    def __init__(self, path: Path):
        self._rows = sqlite3.connect(path, isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KB}"):
            self._rows.execute(f"PRAGMA {setting}")
        self._rows.execute("CREATE TABLE regions (picture INTEGER, number INTEGER, body TEXT)")

    def fill(self, rows: Iterator[tuple[int, int, Any]]) -> None:
        self._rows.execute("BEGIN")
        packed = ((place, number, json.dumps(one)) for place, number, one in rows)
        self._rows.executemany("INSERT INTO regions VALUES (?, ?, ?)", packed)
        self._rows.execute("COMMIT")
        self._rows.execute("CREATE INDEX by_picture ON regions (picture, number)")

    def take(self) -> Iterator[tuple[int, int, Any]]:
        rows = self._rows.execute("SELECT picture, number, body FROM regions ORDER BY picture, number")
        yield from ((place, number, json.loads(body)) for place, number, body in rows)

    def close(self) -> None:
        self._rows.close()


def _shelve(name: str, source: BinaryIO, pictures: Mapping[Any, Mapping[str, Any]], shelf: Shelf) -> Iterator[Outcome]:
    places = {key: place for place, key in enumerate(pictures)}
    lost: list[int] = []

    def pack() -> Iterator[tuple[int, int, Any]]:
        source.seek(0)
        for number, one in enumerate(ijson.items(source, "annotations.item", use_float=True), start=1):
            key = one.get("image_id") if isinstance(one, dict) else None
            place = places.get(key) if isinstance(key, int | str) else None
            if place is None:
                lost.append(number)
            else:
                yield place, number, one

    shelf.fill(pack())
    for number in lost:
        yield Rejected(f"{name}, annotation {number}", "it belongs to a picture that is not listed")


def _take(
    name: str, pictures: Mapping[Any, Mapping[str, Any]], labels: Mapping[Any, str], shelf: Shelf
) -> Iterator[Outcome]:
    rows = groupby(shelf.take(), key=itemgetter(0))
    place, group = next(rows, (-1, iter(())))
    for at, picture in enumerate(pictures.values()):
        regions: list[Found] = []
        for _, number, one in group if place == at else ():
            try:
                found = _read_annotation(one, labels.get(one.get("category_id"), ""), picture)
                score = one.get("score")
                regions += [region._replace(score=None if score is None else float(score)) for region in found]
            except (KeyError, TypeError, ValueError, IndexError) as error:
                yield Rejected(f"{name}, annotation {number}", f"it cannot be read ({error})"[:200])
        if place == at:
            place, group = next(rows, (-1, iter(())))
        yield Draft(str(picture["file_name"]), None, str(picture["file_name"]), tuple(regions))


def _read_annotation(one: Mapping[str, Any], label: str, picture: Mapping[str, Any]) -> Iterator[Found]:
    size = (float(picture["width"]), float(picture["height"])) if picture.get("width") else None
    kept = one.get("attributes") or {}
    outlines = one.get("segmentation") or []
    if isinstance(outlines, dict):
        yield Found("brush", label, scale=read_size(outlines), value=paint(outlines))
    elif one.get("keypoints"):
        numbers = one["keypoints"]
        for x, y, seen in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=False):
            if seen:
                value = {"x": x / size[0] * 100, "y": y / size[1] * 100, **kept} if size and "width" in kept else {}
                yield Found("point", label, ((float(x), float(y)),), size, value)
    elif kept.get("ellipse"):
        yield Found("ellipse", label, pair_up(outlines[0]), size, kept["ellipse"])
    elif outlines:
        kind = "turned box" if kept.get("rotation") and len(outlines[0]) == 8 else "polygon"
        for outline in outlines:
            yield Found(kind, label, pair_up(outline), size)
    else:
        x, y, width, height = (float(number) for number in one["bbox"])
        yield Found("box", label, ((x, y), (x + width, y + height)), size)


def paint(packed: Mapping[str, Any]) -> dict[str, Any]:
    """Label Studio's value of a mask in COCO's uncompressed runs. ValueError."""
    height, width = packed["size"]
    if not isinstance(packed["counts"], list):
        raise ValueError("compressed counts are not read; write them as a list of numbers")
    if width * height > IngestLimits().image_pixels:
        raise ValueError("the mask is too large")
    return {"format": "rle", "rle": brush.encode(brush.draw_runs(packed["counts"], width, height))}


def read_size(packed: Mapping[str, Any]) -> tuple[float, float]:
    """Width and height of a mask in pixels."""
    height, width = packed["size"]
    return float(width), float(height)


def pair_up(numbers: Sequence[float]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=True))
