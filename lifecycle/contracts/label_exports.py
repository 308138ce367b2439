"""Layouts in which a project's labels leave and come back, and what an export of labels is given and gives back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

WITH_PICTURES = "_WITH_IMAGES"  # Label Studio's ending for a layout that brings the pictures along
BOXES = ("rectanglelabels", "rectangle")
POLYGONS = ("polygonlabels", "polygon")
ELLIPSES = ("ellipselabels", "ellipse")
POINTS = ("keypointlabels", "keypoint")
BRUSHES = ("brushlabels", "brush")
SHAPES = (*BOXES, *POLYGONS, *ELLIPSES, *POINTS, *BRUSHES)
SPANS = ("labels", "hypertextlabels")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "'")


@dataclass(frozen=True)
class LabelLayout:
    """`types` are the result types it can hold; empty means everything. `items` are the kinds of items it is for."""

    key: str
    title: str
    summary: str
    suffix: str
    media_type: str
    types: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    may_hold_pictures: bool = False

    @property
    def is_lossless(self) -> bool:
        """Whether an import of it gives back every entry of every result."""
        return self.key in ("JSON", "PARQUET")


_ZIP = ("zip", "application/zip")
_IMAGE = ("image",)
LAYOUTS: dict[str, LabelLayout] = {
    layout.key: layout
    for layout in (
        LabelLayout("JSON", "JSON", "Label Studio's own: every task, every answer, every prediction", "json",
                    "application/json"),
        LabelLayout("JSON_MIN", "JSON, short", "One flat object an answer", "json", "application/json"),
        LabelLayout("CSV", "CSV", "One row an answer, for spreadsheets", "csv", "text/csv; charset=utf-8"),
        LabelLayout("TSV", "TSV", "The same, divided by tabs", "tsv", "text/tab-separated-values; charset=utf-8"),
        LabelLayout("PARQUET", "Parquet", "One row an answer with its whole result, for pandas and DuckDB", "parquet",
                    "application/vnd.apache.parquet"),
        LabelLayout("COCO", "COCO", "Boxes, outlines, points and masks in one JSON", *_ZIP, SHAPES, _IMAGE, True),
        LabelLayout("YOLO", "YOLO", "A text file of upright boxes a picture, and data.yaml", *_ZIP,
                    (*BOXES, *POLYGONS, *ELLIPSES), _IMAGE, True),
        LabelLayout("YOLO_OBB", "YOLO, turned boxes", "Four corners a box", *_ZIP, BOXES, _IMAGE, True),
        LabelLayout("YOLO_SEG", "YOLO, segmentation", "Outlines of any number of corners, also of masks", *_ZIP,
                    (*BOXES, *POLYGONS, *ELLIPSES, *BRUSHES), _IMAGE, True),
        LabelLayout("VOC", "Pascal VOC", "An XML of upright boxes a picture", *_ZIP, (*BOXES, *POLYGONS, *ELLIPSES),
                    _IMAGE, True),
        LabelLayout("BRUSH_TO_PNG", "Masks as PNG", "A black and white picture for each mask", *_ZIP, BRUSHES, _IMAGE,
                    True),
        LabelLayout("CONLL2003", "CoNLL", "A token a line with its BIO tag", "conll", "text/plain; charset=utf-8",
                    SPANS, ("text",)),
    )
}  # fmt: skip


class Picture(NamedTuple):
    """What an export must know of a task's item."""

    name: str  # of its file, without an ending; no other item has it
    blob: str = ""
    mime: str = ""
    width: int | None = None
    height: int | None = None
    text: str = ""
    captured_at: str | None = None  # the moment it is of, in UTC: 2024-05-01 14:30:00


class LabeledTask(NamedTuple):
    """A task in Label Studio's words. `chosen` is the result that counts, None while nobody answered."""

    body: Mapping[str, Any]
    item: Picture
    chosen: Sequence[Mapping[str, Any]] | None = None
    chosen_id: int | None = None


@dataclass(frozen=True)
class LabelExportSpec:
    """`layout` is a key of LAYOUTS; `classes` are those of the schema, in its order; `task_count` is for the progress
    only."""

    layout: str
    classes: tuple[str, ...] = ()
    with_pictures: bool = False
    task_count: int = 0


@dataclass(frozen=True)
class LabelExportResult:
    """One file, how many tasks are in it, and a sentence for each kind of thing that was left out or changed."""

    path: str
    tasks: int
    notes: tuple[str, ...] = ()


def split_layout(name: str) -> tuple[str, bool]:
    """(key of LAYOUTS, whether pictures come along) of a name as Label Studio writes it."""
    key = name.strip().upper()
    bare = key.removesuffix(WITH_PICTURES)
    return bare, bare != key


def list_layouts(types: Iterable[str], item_kind: str) -> list[LabelLayout]:
    """Those that can hold something of results with entries of these types."""
    wanted = set(types)
    return [
        layout
        for layout in LAYOUTS.values()
        if (not layout.types or wanted.intersection(layout.types)) and (not layout.items or item_kind in layout.items)
    ]


def disarm(cell: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe; `arm` takes it off again."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def arm(cell: Any) -> Any:
    """The text as it was before `disarm`."""
    is_disarmed = isinstance(cell, str) and cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS)
    return cell[1:] if is_disarmed else cell
