"""What an import is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ColumnMapping:
    """Which columns of a table play which part; empty means none. `features` empty means: all others."""

    text: str = ""
    label: str = ""
    group: str = ""
    split: str = ""
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class IngestSpec:
    """`paths` are (original name, local path) pairs of uploaded files: images, zip, CSV, Parquet, JSONL."""

    item_kind: str
    paths: tuple[tuple[str, str], ...]
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    label_kind: str = "class"
    folders_are_labels: bool = True
    max_image_pixels: int = 64_000_000
    max_file_bytes: int = 200_000_000
    max_text_chars: int = 1_000_000


@dataclass(frozen=True)
class Reject:
    """One thing that was set aside: where it came from (file, line or member) and why, in words for a person."""

    source: str
    line: int | None
    reason: str


@dataclass(frozen=True)
class IngestResult:
    """`parts` are Parquet files with columns content_hash, blob, text, row, label, group, split, source_uri, mime,
    width, height, byte_size (each null where it does not apply), duplicates inside the import already removed."""

    parts: tuple[str, ...]
    accepted: int
    duplicates: int
    rejected: int
    rejects_path: str  # JSON lines of Reject
