"""What profiling and searching a dataset for faults are given, and what they give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lifecycle.contracts.training import DatasetFiles

ROW_TOLERANCE = 0.002  # as rows are compared when they come in: engines.ingest.row_prints
PROFILE_FORMAT = 1  # of ProfileResult.profile; a stored profile of another format is computed anew


class FindingKind(StrEnum):
    """The lists of items worth a look."""

    DUPLICATES = "duplicates"  # the same content, but for what does not count
    NEAR_DUPLICATES = "near_duplicates"  # resized, recompressed, cropped, edited, within a tolerance
    LABEL_ERRORS = "label_errors"
    REGIONS = "regions"  # boxes, shapes and spans that are not where they should be, or missing
    OUTLIERS = "outliers"
    SPLIT_LEAKS = "split_leaks"  # a twin or the same group on the other side of a split
    DAMAGED = "damaged"  # empty, unreadable, wrongly decoded, blank, very dark or bright
    BLURRED = "blurred"  # pictures with far less fine detail than the others have


@dataclass(frozen=True)
class ProfileSpec:
    """Items as a manifest (`contracts.training.DatasetFiles`) and what the database knows besides.

    `facts_path` is a Parquet file, one row an item: item_id, collection_id, created_at, width, height, byte_size, and
    what earlier profiles measured: words, language, is_damaged, brightness, contrast, sharpness, channels, is_corrupt
    (null: not measured yet). `columns` are (name, kind) of a table's features. `label_names` says that a label is any
    number of names, joined (`label_interface.names` takes it apart), and which are known; None: it is not.
    """

    item_kind: str
    label_kind: str
    dataset: DatasetFiles
    facts_path: str
    columns: tuple[tuple[str, str], ...] = ()
    label_names: tuple[str, ...] | None = None
    max_languages: int = 5_000  # texts whose language is looked up in one run; the next run goes on


@dataclass(frozen=True)
class ProfileResult:
    """`facts_path` is a Parquet file with what was measured in this run, the columns named above; "" when nothing."""

    profile: dict[str, Any]
    facts_path: str = ""


@dataclass(frozen=True)
class FindingsSpec:
    """`row_tolerance`: by how much of a column's range, its middle 90 %, numbers of near-duplicate rows may differ.

    The manifest has a column more than a version's: result string, the regions behind a label as JSON, null where the
    label alone says it all."""

    item_kind: str
    label_kind: str
    dataset: DatasetFiles
    facts_path: str
    columns: tuple[tuple[str, str], ...] = ()
    label_names: tuple[str, ...] | None = None  # as in ProfileSpec
    weights_dir: str = ""  # folder with the unpacked pretrained packages; "" means pixels only
    max_items: int = 50_000  # items that comparisons of contents look at; a random choice beyond
    max_listed: int = 5_000  # per list
    row_tolerance: float = ROW_TOLERANCE
    seed: int = 0


@dataclass(frozen=True)
class FoundItem:
    """One line of a list: why this item is worth a look. `score` is in 0..1, higher first."""

    kind: str
    item_id: int
    score: float
    reason: str
    other_id: int | None = None  # the twin, where there is one
    cluster: int = 0  # items with the same number belong together
    suggestion: str = ""  # the label that a model would give
    is_likely: bool = True  # of label errors: whether it is above the cut; the others are ranked after those


@dataclass(frozen=True)
class FindingsResult:
    """`notes` says per list what was looked at or why not; `columns` are suspected features, worst first:
    {"column", "kind", "score", "reason"}."""

    found: tuple[FoundItem, ...]
    item_count: int = 0  # in the dataset
    notes: dict[str, str] = field(default_factory=dict)
    columns: tuple[dict[str, Any], ...] = ()
