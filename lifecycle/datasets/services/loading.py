"""From an engine's Parquet parts into rows. Every step is one transaction that can be repeated after a kill."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError
from lifecycle.contracts.ingest import IngestResult
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets import rules
from lifecycle.datasets.models import Collection, CollectionReject, Dataset
from lifecycle.projects.services import record_event

LOCK_SPACE = 0x6974656D  # advisory locks on a dataset's items
MAX_CLASSES = 1_000
SHOWN_REJECTS = 10_000
LABEL_CHUNK = 20_000
PART_COLUMNS = (
    "content_hash", "blob", "text", "row", "label", "group", "given_split", "source_uri", "mime",
    "width", "height", "byte_size", "split", "label_annotation_id",
)  # fmt: skip


@dataclass(frozen=True)
class LoadedPart:
    """What came in: items of the collection with ids above `after`, with labels out of `values`."""

    after: int
    values: list[str]


def load_part(
    *,
    collection: Collection,
    number: int,
    path: str | Path,
    read_values: Callable[[set[str]], dict[str, str]],
    reserve_ids: Callable[[int], list[int]],
) -> LoadedPart | None:
    """Bring one part in; None for a part that is in already. Call within the job's transaction.

    The annotations room hands down how labels are stored (`read_values`) and the ids of the annotations that it will
    write behind them (`reserve_ids`), so that new items are inserted with their labels and never updated.
    """
    locked = Collection.objects.select_for_update(of=("self",)).select_related("dataset").get(pk=collection.pk)
    if number < locked.loaded_parts:
        return None
    table = pq.read_table(path)
    values = read_values({label for label in table["label"].unique().to_pylist() if label is not None})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, locked.dataset_id % (1 << 31)])
        cursor.execute("SELECT coalesce(max(id), 0) FROM datasets_item WHERE collection_id = %s", [locked.pk])
        after = cursor.fetchone()[0]
        _copy_in(cursor, _complete(cursor, locked.dataset, table, values, reserve_ids))
        inserted = _insert_items(cursor, locked)
    locked.accepted += inserted
    locked.duplicates += table.num_rows - inserted
    locked.loaded_parts = number + 1
    locked.save(update_fields=["accepted", "duplicates", "loaded_parts", "updated_at"])
    return LoadedPart(after, sorted(set(values.values())))


def _complete(cursor, dataset: Dataset, table: pa.Table, values: dict[str, str], reserve_ids) -> pa.Table:
    """The part's columns as PART_COLUMNS: labels as stored, an annotation id for each, and the split."""
    table = table.rename_columns([*PART_COLUMNS[:6], "given_split", *PART_COLUMNS[7:12]])
    labels = [values.get(label) if label is not None else None for label in table["label"].to_pylist()]
    ids = iter(reserve_ids(sum(label is not None for label in labels)))
    annotation_ids = [None if label is None else next(ids) for label in labels]
    table = table.set_column(table.schema.get_field_index("label"), "label", pa.array(labels, pa.string()))
    table = table.append_column("split", pa.array(_choose_splits(cursor, dataset, table), pa.string()))
    return table.append_column("label_annotation_id", pa.array(annotation_ids, pa.int64()))


def _choose_splits(cursor, dataset: Dataset, table: pa.Table) -> list[str]:
    hashes, groups, given = (table[name].to_pylist() for name in ("content_hash", "group", "given_split"))
    known = _find_group_splits(cursor, dataset, {g for g in groups if g})
    return rules.assign_splits(
        zip(hashes, groups, given, strict=True),
        ratios=dataset.split_ratios or rules.DEFAULT_RATIOS,
        seed=dataset.split_seed,
        group_splits=known,
    )


def _find_group_splits(cursor, dataset: Dataset, groups: set[str]) -> dict[str, str]:
    if not groups:
        return {}
    cursor.execute(
        """SELECT DISTINCT "group", split FROM datasets_item
           WHERE dataset_id = %s AND "group" = ANY(%s) AND "group" <> ''""",
        [dataset.pk, list(groups)],
    )
    return dict(cursor.fetchall())


def _copy_in(cursor, table: pa.Table) -> None:
    cursor.execute("DROP TABLE IF EXISTS ingest_part")
    cursor.execute(
        """CREATE TEMP TABLE ingest_part (content_hash text, blob text, text text, "row" jsonb, label text,
           "group" text, given_split text, source_uri text, mime text, width int, height int, byte_size bigint,
           split text, label_annotation_id bigint) ON COMMIT DROP"""
    )
    columns = ", ".join(f'"{name}"' for name in PART_COLUMNS)
    options = pa_csv.WriteOptions(include_header=False)
    with cursor.copy(f"COPY ingest_part ({columns}) FROM STDIN (FORMAT csv)") as copy:
        for batch in table.to_batches(max_chunksize=5_000):
            buffer = io.BytesIO()
            pa_csv.write_csv(batch, buffer, options)
            copy.write(buffer.getvalue())


def _insert_items(cursor, collection: Collection) -> int:
    cursor.execute(
        """
        INSERT INTO datasets_item (dataset_id, collection_id, content_hash, blob, text, "row", mime, width, height,
            byte_size, "group", given_split, split, source_uri, created_at, label, label_annotation_id, labeled_at)
        SELECT %s, %s, content_hash, coalesce(blob, ''), coalesce(text, ''), "row", coalesce(mime, ''), width, height,
            byte_size, coalesce("group", ''), coalesce(given_split, ''), split, source_uri, now(), label,
            label_annotation_id, CASE WHEN label IS NOT NULL THEN now() END
        FROM ingest_part
        ON CONFLICT (dataset_id, content_hash) DO NOTHING
        """,
        [collection.dataset_id, collection.pk],
    )
    return cursor.rowcount


def list_classes(parts: Sequence[str], *, dataset: Dataset) -> list[str]:
    """Every class name in the parts, in order: numbers by value, words by letter. Raises DomainError for too many."""
    if not parts or get_problem_type(dataset.project.problem_type).label_kind == LabelKind.NUMBER:
        return []
    with duckdb.connect() as base:
        found = base.execute(
            "SELECT DISTINCT label FROM read_parquet(?) WHERE label IS NOT NULL LIMIT ?", [list(parts), MAX_CLASSES + 1]
        ).fetchall()
    if len(found) > MAX_CLASSES:
        raise DomainError(
            f"The label column has more than {MAX_CLASSES:,} different values, so it does not name classes. "
            "Nothing was imported; choose another label column."
        )
    return sorted((row[0] for row in found), key=_natural_key)


def _natural_key(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name.lower())


def pick_labels(parts: Sequence[str], *, spill_folder: str | Path) -> Iterator[pa.RecordBatch]:
    """(content_hash, label) of all labeled rows; where the same content comes twice, the last label counts."""
    if not parts:
        return
    with duckdb.connect() as base:
        base.execute("SET enable_progress_bar = false; SET memory_limit = '100MB'; SET threads = 2")
        base.execute(f"SET temp_directory = '{str(spill_folder).replace(chr(39), '')}'")
        found = base.sql(
            """SELECT content_hash, arg_max(label, (filename, file_row_number)) AS label
               FROM read_parquet(?, filename = true, file_row_number = true)
               WHERE label IS NOT NULL GROUP BY content_hash ORDER BY content_hash""",
            params=[list(parts)],
        )
        yield from found.to_arrow_reader(LABEL_CHUNK)


def find_new_labels(*, collection: Collection, labels: pa.RecordBatch) -> list[tuple[int, str]]:
    """(item id, label) of those whose item has no label or another one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT item.id, new.label
               FROM unnest(%s::text[], %s::text[]) AS new (content_hash, label)
               JOIN datasets_item item ON item.dataset_id = %s AND item.content_hash = new.content_hash
               WHERE item.label IS DISTINCT FROM new.label ORDER BY item.id""",
            [labels["content_hash"].to_pylist(), labels["label"].to_pylist(), collection.dataset_id],
        )
        return cursor.fetchall()


def add_labeled(*, collection: Collection, count: int) -> int:
    """Count labels that were recorded; returns the sum. Call within the transaction that records them."""
    Collection.objects.filter(pk=collection.pk).update(labeled=F("labeled") + count)
    return Collection.objects.values_list("labeled", flat=True).get(pk=collection.pk)


def finish_collection(*, collection: Collection, result: IngestResult) -> Collection:
    """Note what came of the import. Call within the job's transaction; a second call changes nothing."""
    locked = Collection.objects.select_for_update(of=("self",)).select_related("dataset__project").get(pk=collection.pk)
    if locked.finished_at:
        return locked
    _record_rejects(locked, result)
    locked.rejected, locked.finished_at = result.rejected, timezone.now()
    locked.save(update_fields=["rejected", "rejects_blob", "finished_at", "updated_at"])
    _remember_columns(locked.dataset, result)
    said = [f"{locked.accepted:,} new", f"{locked.duplicates:,} known already", f"{locked.rejected:,} set aside"]
    record_event(
        project=locked.dataset.project,
        actor=locked.created_by,
        verb="collection.finished",
        summary=f"Imported “{locked.title}”: {', '.join(said)}",
        object_type="collection",
        object_id=locked.pk,
    )
    return locked


def _record_rejects(collection: Collection, result: IngestResult) -> None:
    if not result.rejected:
        return
    collection.rejects_blob = open_blobs(settings.STORAGE_URL).put_file(result.rejects_path)
    rows = []
    with open(result.rejects_path, encoding="utf-8") as lines:
        for line, _ in zip(lines, range(SHOWN_REJECTS), strict=False):
            reject = json.loads(line)
            source = reject["source"].encode("utf-8", "replace").decode()[:500]
            reason = reject["reason"].encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:500]
            rows.append(CollectionReject(collection=collection, source=source, line=reject["line"], reason=reason))
    CollectionReject.objects.bulk_create(rows, batch_size=1_000)


def _remember_columns(dataset: Dataset, result: IngestResult) -> None:
    locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
    known = {column["name"] for column in locked.columns}
    locked.columns += [{"name": name, "kind": kind} for name, kind in result.columns if name not in known]
    if result.mapping:
        locked.mapping = asdict(result.mapping)
    locked.save(update_fields=["columns", "mapping", "updated_at"])


def refresh_statistics() -> None:
    """Tell Postgres' planner about a large import, so that the pages after it are fast."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE datasets_item")
