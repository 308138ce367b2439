"""What folder names say about the files in them: a class, a split, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from lifecycle.contracts.ingest import SPLIT_FOLDERS

MAX_LABEL_CHARS = 200


class FolderSays(NamedTuple):
    label: str | None
    split: str | None


def read_folders(name: str) -> FolderSays:
    """The deepest folder that is no split name is the class; a split name gives the split."""
    folders = [part.strip() for part in name.split("/")[:-1]]
    splits = [SPLIT_FOLDERS[f.lower()] for f in folders if f.lower() in SPLIT_FOLDERS]
    labels = [f for f in folders if f and f.lower() not in SPLIT_FOLDERS]
    return FolderSays(labels[-1][:MAX_LABEL_CHARS] if labels else None, splits[-1] if splits else None)


def count_labels(names: Iterable[str]) -> Counter[str]:
    """How many files each folder class has."""
    return Counter(says.label for says in map(read_folders, names) if says.label)


def are_labels(labels: Counter[str], known_classes: Collection[str]) -> bool:
    """One folder around everything says nothing, unless it is named like a class; several say the class."""
    return len(labels) > 1 or any(label in known_classes for label in labels)
