"""Items of a batch as the part that the datasets room loads; what the filters refused; the columns that came up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection
from django.db.models import F

from lifecycle.contracts.crawl import FoundItem, Outcome
from lifecycle.datasets.models import Collection, Dataset

KEPT_REJECTS = 100_000  # of one crawl, with their cells; all are counted
SCHEMA = pa.schema(
    [
        ("content_hash", pa.string()), ("blob", pa.string()), ("text", pa.string()), ("row", pa.string()),
        ("label", pa.string()), ("group", pa.string()), ("split", pa.string()), ("source_uri", pa.string()),
        ("mime", pa.string()), ("width", pa.int32()), ("height", pa.int32()), ("byte_size", pa.int64()),
        ("fingerprint", pa.int64()), ("near_prints", pa.binary()), ("result", pa.string()),
        ("event_time", pa.string()), ("event_time_origin", pa.string()),
        ("picture_print", pa.binary()),
    ]
)  # fmt: skip


def write_part(folder: Path, outcomes: Sequence[Outcome]) -> Path | None:
    """One Parquet part with the batch's items, each content once; None where there are none."""
    found = {item.content_hash: item for outcome in outcomes for item in outcome.items}
    if not found:
        return None
    rows = list(found.values())
    columns = [pa.array([_read(row, name) for row in rows], kind) for name, kind in zip(
        SCHEMA.names, SCHEMA.types, strict=True)]  # fmt: skip
    path = folder / "batch.parquet"
    pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), path, compression="none")
    return path


def _read(row: FoundItem, name: str) -> object:
    value = getattr(row, name, None)
    return bytes.fromhex(value) if name in ("near_prints", "picture_print") and value is not None else value


def note_columns(dataset: Dataset, outcomes: Sequence[Outcome]) -> None:
    """Columns of rows that the dataset did not have yet."""
    found = dict(pair for outcome in outcomes if outcome.items for pair in outcome.columns)
    if found.keys() <= {column["name"] for column in dataset.columns}:
        return
    locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
    known = {column["name"] for column in locked.columns}
    locked.columns += [{"name": name, "kind": kind} for name, kind in found.items() if name not in known]
    locked.save(update_fields=["columns", "updated_at"])


def note_set_aside(collection: Collection, outcomes: Sequence[Outcome]) -> None:
    """What the contract or the filters refused, with its cells. Call with the crawl locked."""
    refused = [found for outcome in outcomes for found in outcome.set_aside]
    if not refused:
        return
    counted = Collection.objects.values_list("rejected", flat=True).get(pk=collection.pk)
    kept = refused[: max(KEPT_REJECTS - counted, 0)]
    columns = (
        [_cut(found.source) for found in kept],
        [found.line for found in kept],
        [_cut(found.reason) for found in kept],
        [None if found.row is None else _write_row(found.row) for found in kept],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO datasets_collectionreject (collection_id, source, line, reason, row)
               SELECT %s, source, line, reason, row::jsonb
               FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[]) AS new (source, line, reason, row)""",
            [collection.pk, *columns],
        )
    Collection.objects.filter(pk=collection.pk).update(rejected=F("rejected") + len(refused))


def _write_row(row: Mapping[str, Any]) -> str:
    return json.dumps({_clean(name): _clean(cell) if isinstance(cell, str) else cell for name, cell in row.items()})


def _cut(text: str) -> str:
    return _clean(text)[:500]


def _clean(text: str) -> str:
    """Postgres stores neither NUL nor lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
