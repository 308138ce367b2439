"""What an import is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Paths = Sequence[tuple[str, str]]  # (original name, local path)
PutBlobs = Callable[[Sequence[bytes]], list[str]]  # stores a batch durably; the hex SHA-256 of each
SPLIT_FOLDERS = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})  # what artifacts also read as missing
COLUMN_KINDS = ("number", "category", "date", "text")
ROLES = ("text", "label", "group", "split", "time")  # the parts that a column can play, besides being a feature


@dataclass(frozen=True)
class ColumnMapping:
    """Which columns of a table play which part; empty means none. `features` empty means: all others.

    `time` says what moment an item is of; of rows it stays a feature too, unless it is `event_times.COLUMN`.

    `kinds` are (column, kind) pairs that overrule what the first rows suggest.
    """

    text: str = ""
    label: str = ""
    group: str = ""
    split: str = ""
    time: str = ""
    features: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> ColumnMapping:
        """A mapping stored as JSON; unknown keys are ignored."""
        kinds = raw.get("kinds") or ()
        pairs = kinds.items() if isinstance(kinds, dict) else kinds
        return cls(
            **{key: str(raw.get(key) or "") for key in ROLES},
            features=tuple(raw.get("features") or ()),
            kinds=tuple((str(name), str(kind)) for name, kind in pairs),
        )


@dataclass(frozen=True)
class IngestLimits:
    """What outside input may cost at most."""

    image_pixels: int = 64_000_000
    file_bytes: int = 100_000_000  # one picture, sound or text file
    label_file_bytes: int = 300_000_000  # one file that holds the labels of many pictures or texts
    text_chars: int = 1_000_000
    row_bytes: int = 1_000_000
    columns: int = 2_000
    members: int = 500_000
    archive_bytes: int = 50_000_000_000  # unpacked, all members together
    member_ratio: int = 250  # unpacked to packed, above one megabyte
    rejects: int = 1_000_000


@dataclass(frozen=True)
class IngestSpec:
    """`paths` are (original name, local path) pairs of uploaded files: pictures, texts, tables, sounds, label files,
    archives.

    `mapping` None means: guess it from the column names.
    """

    item_kind: str
    paths: tuple[tuple[str, str], ...]
    mapping: ColumnMapping | None = None
    label_kind: str = "class"
    folders_are_labels: bool = True
    known_classes: tuple[str, ...] = ()
    known_columns: tuple[tuple[str, str], ...] = ()  # (name, kind) the dataset already has
    known_spreads: tuple[tuple[str, float], ...] = ()  # how far its numbers lie apart, for near-duplicates of rows
    splits: Mapping[str, str] = field(default_factory=dict)  # by name of a file; the others say it by their names
    listed: str = ""  # a file with names, one a line, that label files may speak of too though they are not in `paths`
    limits: IngestLimits = field(default_factory=IngestLimits)

    @property
    def takes_sounds(self) -> bool:
        """A sound file is an item of its own where any question may be asked about rows."""
        return self.item_kind == "row" and self.label_kind == "free"


@dataclass(frozen=True)
class Reject:
    """One thing that was set aside: where it came from (file, line or member) and why, in words for a person."""

    source: str
    line: int | None
    reason: str


@dataclass(frozen=True)
class ColumnGuess:
    """One column of a table as its first rows show it."""

    name: str
    kind: str  # of COLUMN_KINDS
    role: str  # of ROLES, feature or ignore: what the name and values suggest
    missing: int = 0
    distinct: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class IngestPreview:
    """What an upload looks like before it is imported: nothing of it is stored yet."""

    files: int
    tables: int
    columns: tuple[ColumnGuess, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()  # first rows, one text per column
    encoding: str = ""
    delimiter: str = ""
    folder_labels: tuple[tuple[str, int], ...] = ()  # (label, files), most frequent first
    folder_splits: tuple[tuple[str, int], ...] = ()
    folders_are_labels: bool = False
    label_files: int = 0  # files that say what is on the pictures (COCO, YOLO, VOC, Label Studio, metadata)
    labeled_pictures: int = 0  # as those files name them
    label_formats: tuple[tuple[str, int], ...] = ()  # (whose layout, files)
    label_classes: tuple[tuple[str, int], ...] = ()  # (class, regions or pictures), most frequent first
    sounds: int = 0  # files that are sounds, or say so
    problems: tuple[Reject, ...] = ()


@dataclass(frozen=True)
class IngestResult:
    """`parts` are Parquet files with columns content_hash, blob, text, row, label, group, split, source_uri, mime,
    width, height, byte_size, fingerprint, result, near_prints, event_time (ISO 8601 in UTC), event_time_origin,
    picture_print (each null where it does not apply), in the order of the source. The same content may come twice: the
    store keeps the first, and the last label and the first event time given count."""

    parts: tuple[str, ...]
    accepted: int
    rejected: int
    rejects_path: str  # JSON lines of Reject
    classes: tuple[str, ...] = ()  # of regions and spans: the names in the results
    columns: tuple[tuple[str, str], ...] = ()  # rows only: (name, kind) of the features
    spreads: tuple[tuple[str, float], ...] = ()  # rows only: (name, spread) of the numbers, as fingerprints need them
    mapping: ColumnMapping | None = None  # as used
