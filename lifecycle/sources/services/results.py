"""What a run of a source brought: described for the engine before, written down in bulk after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q

from lifecycle.contracts.ingest import ColumnMapping, IngestResult
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.sources import CollectResult, CollectSpec, Contract, SourcePreview, Surroundings
from lifecycle.datasets.models import Collection, Dataset
from lifecycle.datasets.services.loading import finish_collection
from lifecycle.sources.models import ContractVersion, Source, SourceRowChange, SourceRun
from lifecycle.sources.selectors import load_secrets
from lifecycle.sources.services.gone import settle_gone
from lifecycle.sources.services.rows import settle_label_changes
from lifecycle.sources.services.sources import lock, save_contract

MARKS_AT_ONCE = 20_000
MOST_CORRECTED = 200  # files that are looked for by name: more are an import of their own


def describe_collect(*, source: Source, run: SourceRun | None, classes: Iterable[str], folder: Path,
                     paths: tuple[tuple[str, str], ...] = ()) -> CollectSpec:  # fmt: skip
    """The engine's spec, with the secrets in it: it stays in the worker's memory."""
    dataset = source.dataset
    is_full = run is None or run.is_full
    is_listed = source.kind in (Source.Kind.FOLDER, Source.Kind.BUCKET)
    mapping = source.mapping or {}
    config = dict(source.config)
    label_kind = get_problem_type(dataset.project.problem_type).label_kind
    names = find_corrected(source, [name for name, _ in paths]) if is_listed else {}
    return CollectSpec(
        kind=source.kind,
        config=config,
        item_kind=dataset.item_kind,
        label_kind=label_kind,
        secrets=load_secrets(source),
        surroundings=describe_surroundings(),
        contract=Contract.from_json(source.contract),
        mapping=ColumnMapping.from_json(mapping) if mapping else None,
        folders_are_labels=label_kind == "class",
        known_classes=tuple(classes),
        known_columns=_list_kinds(dataset, mapping),
        known_spreads=tuple(dataset.spreads.items()),
        cursor_value={} if is_full else source.cursor_value,
        marks="" if is_full or not is_listed else _write_known_marks(source, folder),
        paths=tuple((names.get(name, (name, ""))[0], path) for name, path in paths)
        or (() if source.kind == Source.Kind.UPLOAD else None),
        places=dict(names.values()),
        title=source.title,
    )


def find_corrected(source: Source, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """{name of a file that is sent back: name and place of the one it corrects}: that of just this name below the
    folder or prefix, else the only one whose last part it is. The others are new files."""
    root = source.config["path"].rstrip("/") + "/" if source.kind == Source.Kind.FOLDER else source.config["prefix"]
    found = {}
    for name in names[:MOST_CORRECTED]:
        same = source.known_objects.filter(Q(path=root + name) | Q(path__endswith="/" + name))
        places = list(same.values_list("path", flat=True)[:3])
        place = root + name if root + name in places else places[0] if len(places) == 1 else ""
        if place:
            found[name] = (place.removeprefix(root).lstrip("/"), place)
    return found


def _list_kinds(dataset: Dataset, mapping: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What is known of the columns: what somebody said of this source, then what the dataset has."""
    known = {column["name"]: column["kind"] for column in dataset.columns}
    return tuple((known | dict(ColumnMapping.from_json(mapping).kinds if mapping else ())).items())


def describe_surroundings() -> Surroundings:
    """What the operator allows, and where Gristmill's own database is."""
    own = urlsplit(settings.ENV.database_url)
    host = dict(parse_qsl(own.query)).get("host") or own.hostname or ""
    return Surroundings(
        folders=tuple(settings.SOURCE_FOLDERS),
        private_addresses=settings.SOURCE_ADDRESSES,
        own_database=(host, str(own.port or ""), unquote(own.path.lstrip("/"))),
    )


def _write_known_marks(source: Source, folder: Path) -> str:
    """Lines of path hash and mark, of all files as they were when they last came in."""
    path = folder / "known.tsv"
    with path.open("w", encoding="utf-8") as out:
        standing = source.known_objects.filter(gone_at=None)
        for path_hash, mark in standing.values_list("path_hash", "mark").iterator(chunk_size=5_000):
            out.write(f"{path_hash}\t{mark}\n")
    return str(path)


def record_preview(*, source: Source, preview: SourcePreview) -> None:
    """What the worker saw. Call within the job's transaction."""
    raw = asdict(preview) | {"contract": preview.contract.to_json()}
    Source.objects.filter(pk=source.pk).update(preview=raw)


def begin_loading(*, run: SourceRun, token: str) -> None:
    """Working files that were made anew, say on another machine, are loaded from their first part again."""
    with transaction.atomic():
        locked = SourceRun.objects.select_for_update().get(pk=run.pk)
        if locked.files_token == token:
            return
        Collection.objects.filter(pk=locked.collection_id, finished_at=None).update(
            loaded_parts=0, accepted=0, duplicates=0
        )
        locked.files_token = token
        locked.save(update_fields=["files_token", "updated_at"])


def place_part(*, run: SourceRun, part: str, keys: str, folder: Path) -> str:
    """The part with the split of the item that each changed row had before: a row never changes sides. Returns the
    path of the part to load."""
    if not run.source.rows.exists():
        return part
    found = pq.read_table(keys)
    old = _find_old_splits(run.source_id, found)
    if not old:
        return part
    table = pq.read_table(part)
    rows = zip(found["key_hash"].to_pylist(), table["split"].to_pylist(), strict=True)
    splits = [given or old.get(key_hash) for key_hash, given in rows]
    place = table.schema.get_field_index("split")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / Path(part).name
    pq.write_table(table.set_column(place, "split", pa.array(splits, pa.string())), target)
    return str(target)


def _find_old_splits(source_id: int, keys: pa.Table) -> dict[str, str]:
    """{key hash: split} of the rows whose content is another one now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT known.key_hash, item.split
               FROM unnest(%s::text[], %s::text[]) AS new (key_hash, content_hash)
               JOIN sources_sourcerow known ON known.source_id = %s AND known.key_hash = new.key_hash
               JOIN datasets_item item ON item.id = known.item_id
               WHERE item.content_hash <> new.content_hash AND item.split <> ''""",
            [keys["key_hash"].to_pylist(), keys["content_hash"].to_pylist(), source_id],
        )
        return dict(cursor.fetchall())


def finish_run(*, run: SourceRun, result: CollectResult) -> Collection:
    """Note what came of it: counts, quarantine, contract, cursor and marks. Call within the job's transaction; a
    second call changes nothing."""
    source = lock(run.source)
    locked = SourceRun.objects.select_for_update(of=("self",)).select_related("collection").get(pk=run.pk)
    if locked.collection.finished_at:
        return locked.collection
    _count_items(locked)
    settle_label_changes(run=locked)
    changes = SourceRowChange.objects.filter(collection=locked.collection)
    locked.updated = changes.exclude(old_item=F("new_item")).count()
    locked.gone = settle_gone(run=locked, result=result)
    imported = _as_import(result, source.dataset)
    collection = finish_collection(collection=locked.collection, result=imported, updated=locked.updated)
    keep_contract(run=locked, contract=result.contract)
    source = lock(source)
    locked.read, locked.notes = result.read, list(result.notes)
    locked.observed = {name: asdict(seen) for name, seen in result.observed.items()}
    latest = source.contract_versions.first()
    locked.contract_number = locked.contract_number or (latest.number if latest else None)
    locked.cursor_after = dict(result.cursor_value)
    locked.save()
    _move_on(source, locked, result)
    return collection


def keep_contract(*, run: SourceRun, contract: Contract) -> None:
    """The contract as a run inferred or extended it. Within the job's transaction."""
    source = lock(run.source)
    raw = contract.to_json()
    if source.contract == raw or not contract.columns or _was_edited(source, run):
        return
    origin = "new column" if source.contract else "first run"
    save_contract(source=source, user=run.collection.created_by, contract=raw, origin=origin)


def find_contract_number(run: SourceRun, contract: Contract) -> int | None:
    """The newest version that says just this; None where none does."""
    versions = ContractVersion.objects.filter(source_id=run.source_id, contract=contract.to_json())
    return versions.values_list("number", flat=True).first()


def _was_edited(source: Source, run: SourceRun) -> bool:
    """Somebody saved a contract while this run was under way: theirs counts."""
    return ContractVersion.objects.filter(source=source, created_at__gt=run.created_at, origin="edited").exists()


def _count_items(run: SourceRun) -> None:
    """Parts may have been loaded twice from files that were made anew: the rows themselves know best."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE datasets_collection SET
               duplicates = accepted + duplicates - n, accepted = n
               FROM (SELECT count(*) AS n FROM datasets_item WHERE collection_id = %s) counted WHERE id = %s""",
            [run.collection_id, run.collection_id],
        )
    run.collection.refresh_from_db()


def _as_import(result: CollectResult, dataset: Dataset) -> IngestResult:
    return IngestResult(
        parts=result.parts,
        accepted=result.accepted,
        rejected=result.rejected,
        rejects_path=result.rejects_path,
        columns=result.columns,
        spreads=result.spreads,
        classes=result.classes,
        mapping=replace(result.mapping) if result.mapping and dataset.item_kind != "image" else None,
    )


def _move_on(source: Source, run: SourceRun, result: CollectResult) -> None:
    """How far the source has been read. A corrected file moves nothing on."""
    if run.trigger == SourceRun.Trigger.FIX:
        return
    changes: dict[str, Any] = {}
    if result.cursor_value:
        changes["cursor_value"] = dict(result.cursor_value)
    if not source.mapping and result.mapping:
        changes["mapping"] = asdict(replace(result.mapping, features=(), kinds=()))
    if changes:
        Source.objects.filter(pk=source.pk).update(**changes)
    if result.marks_path:
        _write_marks(source, run, result.marks_path)


def _write_marks(source: Source, run: SourceRun, path: str) -> None:
    rows: list[list[str]] = []
    with open(path, encoding="utf-8") as lines, connection.cursor() as cursor:
        for line in lines:
            rows.append(line.rstrip("\n").replace("\0", "\ufffd").split("\t", 2))
            if len(rows) == MARKS_AT_ONCE:
                _upsert_marks(cursor, source, run, rows)
                rows = []
        _upsert_marks(cursor, source, run, rows)


def _upsert_marks(cursor, source: Source, run: SourceRun, rows: list[list[str]]) -> None:
    if not rows:
        return
    hashes, marks, paths = (list(column) for column in zip(*rows, strict=True))
    cursor.execute(
        """INSERT INTO sources_sourceobject (source_id, path_hash, mark, path, collection_id)
           SELECT %s, new.path_hash, new.mark, new.path, %s
           FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (path_hash, mark, path)
           ON CONFLICT (source_id, path_hash)
           DO UPDATE SET mark = excluded.mark, collection_id = excluded.collection_id, gone_at = NULL""",
        [source.pk, run.collection_id, hashes, marks, paths],
    )
