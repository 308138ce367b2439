"""Layouts in which a dataset version can be taken elsewhere, and what an export is given and gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """`items` and `regions` say what it can hold: empty `items` means everything."""

    key: str
    title: str
    summary: str
    suffix: str
    media_type: str
    items: tuple[str, ...] = ()  # of contracts.problems.ItemKind
    needs_regions: bool = False  # boxes or spans, not one label an item


ZIP = ("zip", "application/zip")
LAYOUTS: dict[str, Layout] = {
    layout.key: layout
    for layout in (
        Layout("parquet", "Parquet", "One table with everything, pictures and sounds included", "parquet",
               "application/vnd.apache.parquet"),
        Layout("csv", "CSV", "One table for spreadsheets; pictures by name only", "csv", "text/csv; charset=utf-8"),
        Layout("huggingface", "Hugging Face", "A folder that load_dataset() reads: Parquet, or pictures with "
               "metadata.parquet, and the data card", *ZIP),
        Layout("folders", "Folders by class", "train/cat/1.jpg, as torch's ImageFolder reads it", *ZIP, ("image",)),
        Layout("coco", "COCO", "Pictures, and boxes and polygons in one JSON a split", *ZIP, ("image",), True),
        Layout("yolo", "YOLO", "Pictures, a text file of boxes for each, data.yaml", *ZIP, ("image",), True),
        Layout("voc", "Pascal VOC", "Pictures, an XML of boxes for each, lists of the splits", *ZIP, ("image",), True),
        Layout("conll", "CoNLL", "A token a line with its BIO tag, a file a split", *ZIP, ("text",), True),
    )
}  # fmt: skip


@dataclass(frozen=True)
class ExportSpec:
    """`chunks` are local Parquet files with the columns of a manifest; `card` is the data card in Markdown."""

    layout: str
    item_kind: str
    classes: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]  # (name, kind) of a table's features
    chunks: tuple[str, ...]
    card: str = ""


@dataclass(frozen=True)
class ExportResult:
    """One file, how many items are in it, and a sentence for each kind of thing that was left out."""

    path: str
    items: int
    notes: tuple[str, ...] = ()


def list_layouts(item_kind: str, *, has_regions: bool) -> list[Layout]:
    """The layouts that can hold such items and labels."""
    return [
        layout
        for layout in LAYOUTS.values()
        if (not layout.items or item_kind in layout.items)
        and (has_regions or not layout.needs_regions)
        and not (has_regions and layout.key == "folders")
    ]
