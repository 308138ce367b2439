"""A look at a source before it is read: fifty rows, or the first files, and a first contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.ingest import IngestSpec
from lifecycle.contracts.sources import CollectSpec, Contract, SourcePreview, SqlConfig, list_file_rules
from workers.engines.collect import pictures, sql
from workers.engines.collect.files import Bucket, Folder, Found, open_place
from workers.engines.collect.inference import NO_KEY, infer_contract, infer_mapping
from workers.engines.ingest.cards import may_be_card
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.items_from_documents import is_document
from workers.engines.ingest.items_from_tables import TABLE_SUFFIXES
from workers.engines.ingest.records import Position
from workers.engines.ingest.sources import SourceFile
from workers.engines.ingest.tables import open_table

PREVIEW_ROWS = 50
PREVIEW_SECONDS = 20.0
PREVIEW_CELL_CHARS = 300
COUNTED_FILES = 10_000
SHOWN_FILES = 50


def preview(spec: CollectSpec, *, workdir: str | Path, report: Report, should_stop: ShouldStop) -> SourcePreview:
    """What the source would give; nothing is stored. Raises SourceError, SourceUnreachable, Canceled."""
    report.progress(0.1, "Looking")
    if spec.kind == "sql":
        return _preview_database(spec, should_stop)
    return _preview_files(spec, Path(workdir))


def _preview_database(spec: CollectSpec, should_stop: ShouldStop) -> SourcePreview:
    config, password = SqlConfig(**spec.config), spec.secrets.get("password", "")
    ca = spec.secrets.get("ca_certificate", "")
    seconds = min(PREVIEW_SECONDS, config.timeout_seconds)
    with sql.connect(config, password, spec.surroundings, seconds, ca) as connection:
        tables = tuple(sql.list_tables(connection))
        key = sql.list_key(connection, config.table) if config.table else ()
    if not config.query and not config.table:
        return SourcePreview(tables=tables, notes=("Choose a table, or write a query.",))
    with sql.open_rows(config, password=password, surroundings=spec.surroundings, should_stop=should_stop,
                       limit=PREVIEW_ROWS, seconds=seconds, ca=ca,
                       has_pictures=spec.item_kind == "image") as found:  # fmt: skip
        rows = [row for batch in found.read() for row in batch]
        columns, picture = list(found.columns), found.picture
    if not picture or not rows:
        return _describe(spec, columns, rows, key=key, tables=tables)
    cells, shown = pictures.take_out(rows, columns.index(picture))
    seen = _describe(spec, [name for name in columns if name != picture], cells, key=key, tables=tables)
    words = [(pictures.describe(content), *row) for content, row in zip(shown, seen.rows, strict=False)]
    return replace(seen, columns=(picture, *seen.columns), rows=tuple(words))


def _preview_files(spec: CollectSpec, workdir: Path) -> SourcePreview:
    place = open_place(spec)
    files = list(islice(place.list(), COUNTED_FILES + 1))
    shown = tuple((file.name, file.size) for file in files[:SHOWN_FILES])
    notes = [f"More than {COUNTED_FILES:,} files."] if len(files) > COUNTED_FILES else []
    if not files:
        notes.append("No file fits. Check the folder or prefix, and the patterns.")
    if place.skipped_links:
        notes.append(f"{place.skipped_links:,} links are not followed.")
    facts = {"files": shown, "file_count": len(files), "byte_count": sum(file.size for file in files)}
    table = next((f for f in files if f.name.lower().endswith(TABLE_SUFFIXES) and not may_be_card(f.name)), None)
    if spec.item_kind == "image" or table is None or _is_document(spec, place, table, workdir):
        contract = Contract(columns=list_file_rules(spec.item_kind))
        return SourcePreview(contract=contract, notes=tuple(notes), **facts)  # type: ignore[arg-type]
    return _preview_table(spec, place, table, workdir, notes, facts)


def _is_document(spec: CollectSpec, place: Folder | Bucket, found: Found, workdir: Path) -> bool:
    """Texts with their labels, as Label Studio exports them: no table, though JSON."""
    plan = IngestSpec(spec.item_kind, (), label_kind=spec.label_kind, limits=spec.limits)
    file = SourceFile(Position(0), found.name, found.name, path=place.head(found, workdir))
    return spec.item_kind == "text" and is_document(file, plan)


def _preview_table(
    spec: CollectSpec, place: Folder | Bucket, file: Found, workdir: Path, notes: list[str], facts: dict
) -> SourcePreview:
    try:
        table = open_table(place.head(file, workdir), file.name, spec.limits)
    except Refused as refused:
        return SourcePreview(notes=(*notes, f"{file.name}: {refused}."), **facts)
    return _describe(
        spec, table.columns, [cells for _, cells in table.sample], kinds=table.kinds, notes=notes, **facts
    )  # fmt: skip


def _describe(
    spec: CollectSpec, columns: Sequence[str], rows: Sequence[Sequence[object]], *, key: Sequence[str] = (),
    kinds: dict[str, str] | None = None, notes: Sequence[str] = (), **facts,
) -> SourcePreview:  # fmt: skip
    contract = infer_contract(columns, rows, known_kinds={**(kinds or {}), **dict(spec.known_columns)}, key=key)
    return SourcePreview(
        columns=tuple(columns),
        rows=tuple(tuple(map(_show, row)) for row in rows[:PREVIEW_ROWS]),
        contract=contract,
        mapping=infer_mapping(columns, rows, contract, item_kind=spec.item_kind, label_kind=spec.label_kind),
        notes=(*notes, *_warn(contract, rows)),
        **facts,
    )


def _warn(contract: Contract, rows: Sequence[object]) -> tuple[str, ...]:
    if not rows:
        return ("There are no rows.",)
    return () if contract.key else (NO_KEY,)


def _show(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:PREVIEW_CELL_CHARS]
