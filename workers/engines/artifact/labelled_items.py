"""The labelled items of a dataset version on local disk, as training and evaluation read them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle.contracts.problems import ItemKind
from lifecycle.contracts.training import DatasetFiles
from lifecycle.loader import LoadedVersion, open_files

CONTENT_COLUMNS = {ItemKind.IMAGE: "blob", ItemKind.TEXT: "text", ItemKind.ROW: "row"}
Log = Callable[[str, str], None]


@dataclass(frozen=True)
class LabelledItem:
    """One usable row of the dataset version's manifest."""

    item_id: int
    key: str  # what carving hashes: the group, else the content
    split: str
    content: Any
    label: str


def read_labelled(dataset: DatasetFiles, item_kind: ItemKind, splits: Sequence[str], log: Log) -> list[LabelledItem]:
    """Every labelled item of these splits, in manifest order; others are left out and logged."""
    column = CONTENT_COLUMNS[item_kind]
    names = ["item_id", "content_hash", "split", "label", "group", column]
    version = open_files(dataset.manifest_path, dataset.blob_dir)
    table = version.arrow(columns=names)
    items, unlabelled, unreadable = [], 0, 0
    for item_id, content_hash, split, label, group, raw in zip(
        *(table.column(name).to_pylist() for name in names), strict=True
    ):
        if split not in splits:
            continue
        if label is None or label == "":
            unlabelled += 1
            continue
        content = _read_content(item_kind, raw, version)
        if content is None:
            unreadable += 1
            continue
        items.append(LabelledItem(item_id, group or content_hash, split, content, label))
    if unlabelled:
        log(f"{unlabelled:,} items without a label are left out.", "info")
    if unreadable:
        log(f"{unreadable:,} empty or unreadable items are left out.", "warning")
    return items


def _read_content(item_kind: ItemKind, raw: str | None, version: LoadedVersion) -> Any:
    if not raw:
        return None
    if item_kind is ItemKind.IMAGE:
        path = version.locate(raw)
        return path if path.is_file() else None
    if item_kind is ItemKind.TEXT:
        return raw if raw.strip() else None
    try:
        row = json.loads(raw)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def is_number(text: str) -> bool:
    """Whether a label reads as a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
