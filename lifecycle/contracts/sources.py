"""Where data comes from again and again, what its rows must look like, and what one run of a source gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lifecycle.contracts.ingest import ColumnMapping, IngestLimits

COLUMN_TYPES = ("number", "integer", "category", "text", "date", "boolean", "image")
# contract type -> contracts.ingest.COLUMN_KINDS
KIND_OF_TYPE = {"number": "number", "integer": "number", "date": "date", "text": "text"}
NEW_COLUMN_RULES = ("ignore", "keep", "refuse")
# what a file, rather than a row, can be asked: the columns of a contract of images or text files
FILE_COLUMNS = (
    ("file", "text"), ("label", "category"), ("format", "category"),
    ("width", "integer"), ("height", "integer"), ("bytes", "integer"),
)  # fmt: skip
PICTURE_COLUMNS = ("format", "width", "height")  # of FILE_COLUMNS: a text has none of them
REMEMBERED_VALUES = 50  # of one column
QUARANTINE_COLUMNS = ("_file", "_line", "_reason")  # of a downloaded CSV; ignored when it comes back

# what a spreadsheet takes for a formula's start, and the apostrophe that keeps it from running; undone on the way back
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "'")


@dataclass(frozen=True)
class ColumnRule:
    """What one column must hold. Empty means: no such rule. Dates are bounded by ISO text, numbers by numbers."""

    name: str
    type: str = "text"
    required: bool = False
    minimum: float | str | None = None
    maximum: float | str | None = None
    allowed: tuple[str, ...] = ()
    pattern: str = ""  # RE2, of the whole cell

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ColumnRule:
        return cls(
            name=str(raw["name"]),
            type=str(raw.get("type") or "text"),
            required=bool(raw.get("required")),
            minimum=_bound(raw.get("minimum")),
            maximum=_bound(raw.get("maximum")),
            allowed=tuple(str(value) for value in raw.get("allowed") or ()),
            pattern=str(raw.get("pattern") or ""),
        )

    @property
    def kind(self) -> str:
        """How an import reads the column."""
        return KIND_OF_TYPE.get(self.type, "category")


@dataclass(frozen=True)
class Contract:
    """What the rows of a source must look like. `key` names the columns that say which row it is."""

    columns: tuple[ColumnRule, ...] = ()
    key: tuple[str, ...] = ()
    new_columns: str = "ignore"  # of NEW_COLUMN_RULES

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Contract:
        """A contract stored as JSON; unknown keys are ignored."""
        return cls(
            columns=tuple(ColumnRule.from_json(column) for column in raw.get("columns") or ()),
            key=tuple(str(name) for name in raw.get("key") or ()),
            new_columns=str(raw.get("new_columns") or "ignore"),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain lists and dicts, as `from_json` takes them."""
        raw = asdict(self)
        columns = [{**column, "allowed": list(column["allowed"])} for column in raw["columns"]]
        return {"columns": columns, "key": list(self.key), "new_columns": self.new_columns}

    @property
    def is_of_files(self) -> bool:
        """Does it speak of files only? One without columns speaks of nothing."""
        names = {name for name, _ in FILE_COLUMNS}
        return bool(self.columns) and names.issuperset(rule.name for rule in self.columns)

    def find(self, name: str) -> ColumnRule | None:
        """The rule of one column."""
        return next((column for column in self.columns if column.name == name), None)


def list_file_rules(item_kind: str) -> tuple[ColumnRule, ...]:
    """What every file of a source is, where its items are pictures or texts; rows come out of tables, not files."""
    asked = {"image": FILE_COLUMNS, "text": [pair for pair in FILE_COLUMNS if pair[0] not in PICTURE_COLUMNS]}
    return tuple(ColumnRule(name, kind) for name, kind in asked.get(item_kind, ()))


@dataclass(frozen=True)
class SqlConfig:
    """A query, or a table that is read whole. `cursor_column` makes it incremental; `overlap` is read again: seconds
    for times, units for numbers. Of pictures `picture_column` has the bytes; empty: the first column that holds some.
    The URL has no password: that is a secret of the source."""

    url: str
    query: str = ""
    table: str = ""
    cursor_column: str = ""
    overlap: float = 0.0
    timeout_seconds: int = 300
    picture_column: str = ""


@dataclass(frozen=True)
class FolderConfig:
    """A folder on the server, under one of the roots that the operator allows. `patterns` like ``*.jpg``; none: all."""

    path: str
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class BucketConfig:
    """Objects under a prefix of an S3 bucket. Without keys the request is anonymous."""

    bucket: str
    prefix: str = ""
    endpoint_url: str = ""
    region: str = ""
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What the operator allows, and what the worker must keep away from."""

    folders: tuple[str, ...] = ()  # roots for folders and database files
    private_addresses: str = ""  # contracts.addresses.AddressRule, unparsed
    own_database: tuple[str, str, str] = ("", "", "")  # host, port, name


@dataclass(frozen=True)
class CollectSpec:
    """What the collecting engine is given. `paths`, where there are any, are (name, local path) of uploaded files that
    are read instead of the source; `places` says, by name, which file of the source one of them takes the place of.
    `marks` is a file of known objects, path and mark by tab, one a line."""

    kind: str  # sources.models.Source.Kind
    config: Mapping[str, Any]
    item_kind: str
    label_kind: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    surroundings: Surroundings = field(default_factory=Surroundings)
    contract: Contract = field(default_factory=Contract)
    mapping: ColumnMapping | None = None
    folders_are_labels: bool = True
    known_classes: tuple[str, ...] = ()
    known_columns: tuple[tuple[str, str], ...] = ()
    known_spreads: tuple[tuple[str, float], ...] = ()
    cursor_value: Mapping[str, Any] = field(default_factory=dict)
    marks: str = ""
    paths: tuple[tuple[str, str], ...] | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    limits: IngestLimits = field(default_factory=IngestLimits)


@dataclass(frozen=True)
class SourcePreview:
    """What a source looks like: the first rows, what they seem to be, and what could be chosen."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    contract: Contract = field(default_factory=Contract)
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    tables: tuple[str, ...] = ()  # of a database: what could be read
    files: tuple[tuple[str, int], ...] = ()  # (path, bytes), the first of them
    file_count: int = 0
    byte_count: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """What one run saw in one column."""

    seen: int = 0
    missing: int = 0
    minimum: float | str | None = None
    maximum: float | str | None = None
    values: tuple[str, ...] = ()  # all of them, where they are few

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Observed:
        return cls(**{**raw, "values": tuple(raw.get("values") or ())})

    def add(self, other: Observed) -> Observed:
        """Both together: a part of the rows, and another part of them."""
        lows = [bound for bound in (self.minimum, other.minimum) if bound is not None]
        highs = [bound for bound in (self.maximum, other.maximum) if bound is not None]
        are_few = all(part.values or not part.seen for part in (self, other))
        values = sorted({*self.values, *other.values}) if are_few else []
        return Observed(
            seen=self.seen + other.seen,
            missing=self.missing + other.missing,
            minimum=min(lows, default=None),
            maximum=max(highs, default=None),
            values=tuple(values) if len(values) <= REMEMBERED_VALUES else (),
        )


@dataclass(frozen=True)
class Coverage:
    """What a run saw of its source, as paths of files, so that what is gone can be told. A database counts as one file.

    `listed` has the hashes of all files that stand there, one a line; `scope` those of the files that were read from
    their start to their end; `aside` lines of key hash and file hash, by tab, of rows and files that were seen and set
    aside."""

    listed: str
    scope: str
    aside: str


@dataclass(frozen=True)
class CollectResult:
    """`parts` as contracts.ingest.IngestResult says; beside each lies a file of keys, Parquet with the columns
    content_hash, key_hash, key, path_hash. `coverage` is None where what is gone cannot be told. `rejects_path` has one
    JSON object a line: source, line, reason and, for a row, row. `marks_path` lists the objects that were read, path
    and mark by tab."""

    parts: tuple[str, ...]
    keys: tuple[str, ...]
    token: str  # of these working files: another one means they were made anew
    read: int
    accepted: int
    rejected: int
    rejects_path: str
    marks_path: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    spreads: tuple[tuple[str, float], ...] = ()
    classes: tuple[str, ...] = ()  # of regions and spans: the names in the results
    mapping: ColumnMapping | None = None
    contract: Contract = field(default_factory=Contract)  # as enforced: inferred where none was given
    cursor_value: Mapping[str, Any] = field(default_factory=dict)
    observed: Mapping[str, Observed] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    coverage: Coverage | None = None


def _bound(value: Any) -> float | str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise ValueError("A bound is a number or a date.")
    return value if isinstance(value, (int, float)) else str(value)
