"""COCO instances: one JSON with pictures, classes, and boxes, polygons, masks and keypoints in pixels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from workers.engines.ingest.formats.masks import read_mask
from workers.engines.ingest.formats.regions import Damage, Shape, clean_name


def is_coco(content: Any) -> bool:
    """Parsed JSON that has the three lists of COCO."""
    return isinstance(content, dict) and all(isinstance(content.get(key), list) for key in ("images", "annotations"))


def read_coco(content: Mapping[str, Any]) -> Iterator[tuple[str, list[Shape] | None, Any] | str]:
    """(file name, shapes, date_captured as it stands) for every picture, also those without any, and None where none of
    them could be read; a sentence for each entry that was left out."""
    names = {_key(c.get("id")): c.get("name") for c in _list(content, "categories")}
    pictures, problems = _list_pictures(content)
    yield from problems
    shapes: dict[Any, list[Shape]] = defaultdict(list)
    refused = set()
    for number, annotation in enumerate(_list(content, "annotations"), start=1):
        picture = pictures.get(_key(annotation.get("image_id")))
        if picture is None:
            yield f"annotation {number} belongs to a picture that is not listed"
            continue
        try:
            label = clean_name(names.get(_key(annotation.get("category_id"))) or "")
            shapes[_key(annotation.get("image_id"))] += _read_shapes(annotation, label, _read_size(picture))
        except Damage as damage:
            refused.add(_key(annotation.get("image_id")))
            yield f"annotation {number} {damage}"
        except (TypeError, ValueError, OverflowError, KeyError):
            refused.add(_key(annotation.get("image_id")))
            yield f"annotation {number} has no box that can be read"
    for key, picture in pictures.items():
        found = None if key in refused and not shapes[key] else shapes[key]
        yield str(picture["file_name"]), found, picture.get("date_captured")


def _list_pictures(content: Mapping[str, Any]) -> tuple[dict[Any, Mapping[str, Any]], list[str]]:
    pictures: dict[Any, Mapping[str, Any]] = {}
    problems = []
    for number, picture in enumerate(_list(content, "images"), start=1):
        if picture.get("file_name") and isinstance(picture.get("id"), (int, str)):
            pictures[_key(picture["id"])] = picture
        else:
            problems.append(f"picture {number} has no id or no file name")
    return pictures, problems


def _read_shapes(annotation: Mapping[str, Any], label: str, scale: tuple[float, float] | None) -> list[Shape]:
    found = []
    if annotation.get("bbox"):
        x, y, width, height = (float(number) for number in annotation["bbox"])
        found.append(Shape("box", label, ((x, y), (x + width, y + height)), scale))
    outlines = annotation.get("segmentation")
    for outline in outlines if isinstance(outlines, list) else ():
        if len(outline) >= 6:
            found.append(Shape("polygon", label, _pair(outline), scale))
    if isinstance(outlines, dict):  # a mask in runs
        found += [Shape("polygon", label, points, scale) for points in read_mask(outlines)]
    triples = annotation.get("keypoints") or ()
    for x, y, seen in zip(triples[::3], triples[1::3], triples[2::3], strict=False):
        if seen:
            found.append(Shape("keypoint", label, ((float(x), float(y)),), scale))
    if not found:
        raise Damage("has no box, polygon or keypoint")
    return found


def _pair(numbers: list) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=False))


def _read_size(picture: Mapping[str, Any]) -> tuple[float, float] | None:
    width, height = picture.get("width"), picture.get("height")
    return (float(width), float(height)) if width and height else None


def _key(value: object) -> str:
    return f"{type(value).__name__}:{value}"[:200]


def _list(content: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = content.get(key)
    return (entry for entry in found if isinstance(entry, dict)) if isinstance(found, list) else iter(())
