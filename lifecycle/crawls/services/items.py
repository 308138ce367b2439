"""Items of a batch as the part that the datasets room loads; what the filters refused; the columns that came up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.db.models import F

from lifecycle.contracts.crawl import FoundItem, Outcome
from lifecycle.datasets.models import Collection, CollectionReject, Dataset

SHOWN_REJECTS = 10_000
SCHEMA = pa.schema(
    [
        ("content_hash", pa.string()), ("blob", pa.string()), ("text", pa.string()), ("row", pa.string()),
        ("label", pa.string()), ("group", pa.string()), ("split", pa.string()), ("source_uri", pa.string()),
        ("mime", pa.string()), ("width", pa.int32()), ("height", pa.int32()), ("byte_size", pa.int64()),
        ("fingerprint", pa.int64()), ("near_prints", pa.binary()),
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
    return bytes.fromhex(value) if name == "near_prints" and value else value


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
    """What the filters refused: the first thousands with their reasons, all of them counted."""
    refused = [pair for outcome in outcomes for pair in outcome.set_aside]
    if not refused:
        return
    room = max(SHOWN_REJECTS - collection.rejected, 0)
    rows = [
        CollectionReject(collection=collection, source=_cut(where), reason=_cut(why)) for where, why in refused[:room]
    ]
    CollectionReject.objects.bulk_create(rows, batch_size=1_000)
    Collection.objects.filter(pk=collection.pk).update(rejected=F("rejected") + len(refused))


def _cut(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:500]
