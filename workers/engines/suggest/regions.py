"""A file of predicted regions, picture by picture: COCO results, a whole COCO with scores, YOLO with confidences."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from lifecycle.contracts.label_imports import Draft, Found, LabelImportSpec, Rejected
from workers.engines.ingest.archives import is_zip
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.formats.masks import read_runs
from workers.engines.labels_import import coco, pictures
from workers.engines.labels_import.members import Members
from workers.engines.suggest.files import Unreadable

HEAD = 4_096
OUTLINES = {"brushlabels", "polygonlabels"}


def holds_regions(path: str | Path, name: str) -> bool:
    """Whether a file of predictions is one of these, rather than a table or Label Studio's."""
    with open(path, "rb") as source:
        head = source.read(HEAD)
    if is_zip(head):
        return True
    signs = (b'"image_id"', b'"images"')
    return name.lower().endswith(".json") and b'"data"' not in head and any(sign in head for sign in signs)


def read(spec: LabelImportSpec, classes: Sequence[str]) -> Iterator[Draft | Rejected]:
    """Regions of each picture, whose name is `picture`, or whose task's id is in `body`; raises Unreadable.

    `classes` are what numbers mean where the file does not say so: the schema's, from 0, as our exports count them.
    """
    try:
        with open(spec.path, "rb") as source:
            if is_zip(source.read(4)):
                yield from _read_archive(spec, classes)
            elif _starts_list(source):
                yield from _read_results(spec, source, dict(enumerate(classes)), {})
            else:
                yield from coco.read_coco(spec)
    except (Refused, ValueError, ijson.JSONError) as error:
        raise Unreadable(f"{spec.name}: {error}"[:300]) from None


def _starts_list(source: BinaryIO) -> bool:
    source.seek(0)
    return source.read(64).lstrip()[:1] == b"["


def _read_archive(spec: LabelImportSpec, classes: Sequence[str]) -> Iterator[Draft | Rejected]:
    """Text files are YOLO's; of several JSON files the one with pictures and classes says what the others mean."""
    with Members(spec.path) as members:
        listed = members.list(".json")
        if not listed:
            if not members.list(".txt"):
                raise ValueError("the archive holds neither .txt files of YOLO nor a .json of COCO")
            yield from pictures.read_yolo(spec, classes)
            return
        with tempfile.TemporaryDirectory() as folder:
            paths = [_unpack(members, name, Path(folder) / f"{place}.json") for place, name in enumerate(listed)]
            results = [path for path in paths if _is_list(path)]
            wholes = [path for path in paths if path not in results]
            if not results:
                for path in wholes:
                    yield from coco.read_coco(replace(spec, path=str(path), name=path.name))
                return
            labels, known = _read_names(wholes)
            for path in results:
                with path.open("rb") as source:
                    yield from _read_results(spec, source, labels or dict(enumerate(classes)), known)


def _unpack(members: Members, name: str, path: Path) -> Path:
    with path.open("wb") as out:
        members.copy(name, out)
    return path


def _is_list(path: Path) -> bool:
    with path.open("rb") as source:
        return _starts_list(source)


def _read_names(paths: Sequence[Path]) -> tuple[dict[Any, str], dict[Any, Mapping[str, Any]]]:
    """({class id: name}, {picture id: picture}) of COCO files."""
    labels: dict[Any, str] = {}
    known: dict[Any, Mapping[str, Any]] = {}
    for path in paths:
        with path.open("rb") as source:
            labels |= coco.read_labels(source)
            known |= coco.read_pictures(source)
    return labels, known


def _read_results(
    spec: LabelImportSpec, source: BinaryIO, labels: Mapping[Any, str], known: Mapping[Any, Mapping[str, Any]]
) -> Iterator[Draft | Rejected]:
    """[{image_id, category_id, bbox, score, segmentation}]. What is not listed as a picture is one's name or, as a
    number, a task's id: our COCO export gives pictures the ids of their tasks.
    """
    asked = {control.type for control in spec.interface.controls}
    keys: dict[Any, int] = {}
    bad: list[tuple[int, str]] = []

    def pack() -> Iterator[tuple[int, int, Any]]:
        source.seek(0)
        for number, one in enumerate(ijson.items(source, "item", use_float=True), start=1):
            key = one.get("image_id") if isinstance(one, dict) else None
            if type(key) not in (int, str):
                bad.append((number, "it does not say which image_id"))
                continue
            yield keys.setdefault(key, len(keys)), number, one

    with tempfile.TemporaryDirectory() as folder, closing(coco.Shelf(Path(folder) / "regions")) as shelf:
        shelf.fill(pack())
        yield from (Rejected(f"entry {number}", reason) for number, reason in bad)
        names = list(keys)
        for place, rows in groupby(shelf.take(), key=itemgetter(0)):
            regions: list[Found] = []
            for _, number, one in rows:
                try:
                    regions.append(_read_entry(one, labels, known.get(names[place], {}), asked))
                except (KeyError, TypeError, ValueError, IndexError) as error:
                    yield Rejected(f"entry {number}", f"it cannot be read ({error})"[:200])
            yield _name(names[place], known, regions)


def _name(key: Any, known: Mapping[Any, Mapping[str, Any]], regions: Sequence[Found]) -> Draft:
    picture = str(known[key]["file_name"]) if key in known else key if isinstance(key, str) else ""
    return Draft(f"image {key}", None if picture else {"id": key}, picture, tuple(regions))


def _read_entry(
    one: Mapping[str, Any], labels: Mapping[Any, str], picture: Mapping[str, Any], asked: set[str]
) -> Found:
    """A mask or an outline where the project draws such (a mask's outline, where it draws no masks), else the box."""
    said = one["category_id"]
    label = said if isinstance(said, str) else labels.get(said, "")
    if not label:
        raise ValueError(f"there is no class {str(said)[:20]}")
    outline = one.get("segmentation")
    size = (float(picture["width"]), float(picture["height"])) if picture.get("width") else None
    if isinstance(outline, dict) and OUTLINES & asked:
        size = coco.read_size(outline)
        found = Found("brush", label, value=coco.paint(outline | {"counts": read_runs(outline["counts"])}))
    elif isinstance(outline, list) and outline and OUTLINES & asked:
        found = Found("polygon", label, coco.pair_up(outline[0]))
    else:
        x, y, width, height = (float(number) for number in one["bbox"])
        found = Found("box", label, ((x, y), (x + width, y + height)))
    score = one.get("score")
    return found._replace(scale=size, score=float(score) if score is not None else None)
