"""Looks at uploaded files before anything is imported: what they are, and what their columns could mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice
from pathlib import Path

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.ingest import ROLES, ColumnGuess, ColumnMapping, IngestPreview, IngestSpec, Reject
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.folders import are_labels, count_labels, read_folders
from workers.engines.ingest.items_from_tables import is_table
from workers.engines.ingest.kinds import is_missing
from workers.engines.ingest.label_files import LabelFiles
from workers.engines.ingest.mapping import OWN_COLUMNS, guess_mapping, is_own
from workers.engines.ingest.sounds import is_named_so, sniff
from workers.engines.ingest.sources import SourceFile, iterate_sources
from workers.engines.ingest.tables import Table, open_table

PREVIEW_ROWS = 20
PREVIEW_CELL_CHARS = 300
MAX_PROBLEMS = 50
MAX_FOLDERS = 200


def inspect(spec: IngestSpec, *, workdir: str | Path, report: Report, should_stop: ShouldStop) -> IngestPreview:
    """A look at the first table and at all names; nothing is stored."""
    files, problems = [], []
    for found in iterate_sources(spec.paths, spec.limits):
        if isinstance(found, SourceFile):
            files.append((found.name, found.uri, found.position))
        else:
            problems.append(found[1])
    labels = count_labels(name for name, _, _ in files) if spec.folders_are_labels else Counter()
    splits = Counter(s for name, _, _ in files if (s := read_folders(name).split))
    found_labels = _count_labels(spec, Path(workdir), problems) if spec.item_kind == "image" else {}
    sounds = _find_sounds(spec) if spec.takes_sounds else set()
    table, tables = (None, 0) if spec.item_kind == "image" else _find_table(spec, Path(workdir), problems, sounds)
    return IngestPreview(
        files=len(files),
        tables=tables,
        **(_describe_table(table, spec) if table else {}),
        folder_labels=tuple(labels.most_common(MAX_FOLDERS)),
        folder_splits=tuple(splits.most_common()),
        folders_are_labels=are_labels(labels, spec.known_classes),
        **found_labels,
        sounds=len(sounds),
        problems=tuple(problems[:MAX_PROBLEMS]),
    )


def _count_labels(spec: IngestSpec, workdir: Path, problems: list[Reject]) -> dict:
    """How many files hold labels, whose layout they have, how many pictures they speak of, and what they see there."""
    labels = LabelFiles(workdir, spec.limits)
    for problem in labels.read_all(iterate_sources(spec.paths, spec.limits)):
        if len(problems) < MAX_PROBLEMS:
            problems.append(problem)
    labels.book.close()
    return {
        "label_files": len(labels.consumed),
        "labeled_pictures": labels.book.labeled,
        "label_formats": tuple(labels.formats.most_common()),
        "label_classes": tuple(labels.book.classes.most_common(MAX_FOLDERS)),
    }


def _find_sounds(spec: IngestSpec) -> set[tuple[int, int]]:
    """Where the sounds stand, and what says that it is one."""
    files = (found for found in iterate_sources(spec.paths, spec.limits) if isinstance(found, SourceFile))
    return {file.position[:2] for file in files if is_named_so(file.name) or _sounds(file)}


def _sounds(file: SourceFile) -> bool:
    try:
        return bool(sniff(file.peek()))
    except Refused:
        return False  # whoever reads it says why


def _find_table(
    spec: IngestSpec, workdir: Path, problems: list[Reject], sounds: set[tuple[int, int]]
) -> tuple[Table | None, int]:
    """The first table that opens, with its sample read, and how many files are tables by name."""
    first, count = None, 0
    for found in iterate_sources(spec.paths, spec.limits):
        if not isinstance(found, SourceFile) or (spec.item_kind == "text" and not is_table(found)):
            continue
        if found.position[:2] in sounds:
            continue
        count += 1
        if first is None:
            try:
                with found.on_disk(workdir) as path:
                    first = open_table(path, found.name, spec.limits)
            except Refused as refused:
                problems.append(Reject(found.uri, None, str(refused)))
    return first, count


def _describe_table(table: Table, spec: IngestSpec) -> dict:
    rows = [row for _, row in table.sample]
    mapping = spec.mapping or guess_mapping(
        table.columns, table.kinds, rows, item_kind=spec.item_kind, label_kind=spec.label_kind
    )
    kinds = {**table.kinds, **dict(spec.known_columns)}
    about = OWN_COLUMNS if is_own(table.columns) else ()
    return {
        "columns": tuple(
            _describe_column(n, i, kinds[n], rows, mapping, spec, about) for i, n in enumerate(table.columns)
        ),
        "rows": tuple(tuple(_show(cell) for cell in row) for row in islice(rows, PREVIEW_ROWS)),
        "encoding": table.encoding,
        "delimiter": table.delimiter,
    }


def _describe_column(
    name: str, place: int, kind: str, rows: Sequence[Sequence[object]], mapping: ColumnMapping, spec: IngestSpec,
    about: Collection[str] = (),
) -> ColumnGuess:  # fmt: skip
    """`about` are columns that say of an item where it was before."""
    said = [row[place] for row in rows if not is_missing(row[place])]
    counts = Counter(map(_show, said))
    roles = {getattr(mapping, role): role for role in reversed(ROLES) if getattr(mapping, role)}
    is_feature = spec.item_kind == "row" and not _is_counter(name, said, len(rows)) and name not in about
    fallback = "feature" if is_feature else "ignore"
    return ColumnGuess(
        name=name,
        kind=kind,
        role=roles.get(name, fallback),
        missing=len(rows) - len(said),
        distinct=len(counts),
        examples=tuple(value for value, _ in counts.most_common(5)),
    )


def _is_counter(name: str, values: Sequence[object], row_count: int) -> bool:
    """An index column: named like one (or not named) and different in every row."""
    nameless = name.lower() in ("id", "index", "row", "rowid", "row_id") or name.startswith(("Unnamed", "column_"))
    return nameless and row_count > 5 and len({str(v) for v in values}) == row_count and str(values[0]) in "01"


def _show(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:PREVIEW_CELL_CHARS]
