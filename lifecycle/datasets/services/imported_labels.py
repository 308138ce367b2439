"""The labels that an import's parts hold: which classes they name, and what they say about items known before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.models import F

from lifecycle.common.errors import DomainError
from lifecycle.contracts.ingest import IngestResult
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Collection, Dataset, Item

MAX_CLASSES = 1_000
LABEL_CHUNK = 20_000
MOST_DISPUTED = 100_000  # items of one import that are told to have been given different labels


def list_classes(result: IngestResult, *, dataset: Dataset) -> list[str]:
    """Every class name of an import, in order: numbers by value, words by letter. Raises DomainError for too many."""
    kind = get_problem_type(dataset.project.problem_type).label_kind
    if not result.parts or kind == LabelKind.NUMBER:
        return []
    found = _list_labels(result.parts) if kind == LabelKind.CLASS else list(result.classes)
    if len(found) > MAX_CLASSES:
        raise DomainError(
            f"The labels have more than {MAX_CLASSES:,} different values, so they do not name classes. "
            "Nothing was imported; choose another label column."
        )
    return sorted(found, key=_natural_key)


def _list_labels(parts: Sequence[str]) -> list[str]:
    with duckdb.connect() as base:
        found = base.execute(
            "SELECT DISTINCT label FROM read_parquet(?) WHERE label IS NOT NULL LIMIT ?", [list(parts), MAX_CLASSES + 1]
        )
        return [row[0] for row in found.fetchall()]


def _natural_key(name: str) -> tuple[int, float, str]:
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name.lower())


def pick_labels(
    parts: Sequence[str], *, spill_folder: str | Path, only: Set[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """(content_hash, label, result) of labeled rows by hash, of all or of `only` these hashes; of content that comes
    twice the last label counts.

    A sort and not a grouping: DuckDB writes a sort that outgrows its memory to `spill_folder`, while the texts that a
    grouping keeps must fit.
    """
    if not parts:
        return
    with open_parts(spill_folder) as base:
        chosen = "true"
        if only is not None:
            base.register("chosen", pa.table({"content_hash": pa.array(sorted(only), pa.string())}))
            chosen = "content_hash IN (SELECT content_hash FROM chosen)"
        found = base.sql(
            f"""SELECT content_hash, label, coalesce(result, '') AS result
               FROM read_parquet(?, filename = true, file_row_number = true)
               WHERE label IS NOT NULL AND {chosen} ORDER BY content_hash, filename, file_row_number""",
            params=[list(parts)],
        )
        yield from keep_last(found.to_arrow_reader(LABEL_CHUNK))


def list_disputed(
    parts: Sequence[str], *, spill_folder: str | Path, only: Set[str] | None = None, at_most: int = MOST_DISPUTED
) -> list[str]:
    """Content hashes, of all or of `only` these, that rows of one import give different labels: classes or numbers,
    not what is drawn or marked, of which an item may have several."""
    found: list[str] = []
    if not parts:
        return found
    with open_parts(spill_folder) as base:
        chosen = "true"
        if only is not None:
            base.register("chosen", pa.table({"content_hash": pa.array(sorted(only), pa.string())}))
            chosen = "content_hash IN (SELECT content_hash FROM chosen)"
        rows = base.sql(
            f"""SELECT content_hash, label FROM read_parquet(?)
                WHERE label IS NOT NULL AND result IS NULL AND {chosen} ORDER BY content_hash, label""",
            params=[list(parts)],
        ).to_arrow_reader(LABEL_CHUNK)
        last = None
        for batch in rows:
            if last is not None:
                batch = pa.concat_batches([last, batch])
            hashes, labels = batch["content_hash"], batch["label"]
            differ = pc.and_(pc.equal(hashes[:-1], hashes[1:]), pc.not_equal(labels[:-1], labels[1:]))
            found += pc.unique(hashes[1:].filter(differ)).to_pylist()
            last = batch[-1:]
            if len(found) > at_most:
                break
    return list(dict.fromkeys(found))[:at_most]


@contextmanager
def open_parts(spill_folder: str | Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A base for sorts of an import's parts that stays small whatever they hold."""
    with duckdb.connect() as base:
        base.execute("SET enable_progress_bar = false; SET memory_limit = '100MB'; SET threads = 2")
        base.execute(f"SET temp_directory = '{str(spill_folder).replace(chr(39), '')}'")
        yield base


def keep_last(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of neighbors with the same hash the last one, also where they lie in two batches."""
    waiting = None  # the last row so far: the next batch may begin with its hash
    for batch in batches:
        if not batch.num_rows:
            continue
        hashes = batch.column("content_hash")
        if waiting is not None and waiting.column("content_hash")[0] != hashes[0]:
            yield waiting
        last = batch[:-1].filter(pc.not_equal(hashes[:-1], hashes[1:]))
        if last.num_rows:
            yield last
        waiting = batch[-1:]
    if waiting is not None:
        yield waiting


def find_new_labels(*, collection: Collection, labels: pa.RecordBatch) -> list[tuple[int, str, str]]:
    """(item id, label, result) of those whose item has no label or another one, or that may be drawn differently."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT item.id, new.label, new.result
               FROM unnest(%s::text[], %s::text[], %s::text[]) AS new (content_hash, label, result)
               JOIN datasets_item item ON item.dataset_id = %s AND item.content_hash = new.content_hash
               WHERE item.label IS DISTINCT FROM new.label OR new.result <> '' ORDER BY item.id""",
            [*(labels[name].to_pylist() for name in ("content_hash", "label", "result")), collection.dataset_id],
        )
        return cursor.fetchall()


def add_labeled(*, collection: Collection, count: int) -> int:
    """Count labels that were recorded; returns the sum. Call within the transaction that records them."""
    Collection.objects.filter(pk=collection.pk).update(labeled=F("labeled") + count)
    return Collection.objects.values_list("labeled", flat=True).get(pk=collection.pk)


def note_disputed(*, collection: Collection, hashes: Sequence[str]) -> list[int]:
    """Keep how many items the import gave different labels; their ids. Call within the job's transaction."""
    items = Item.objects.filter(dataset=collection.dataset_id, content_hash__in=hashes)
    ids = list(items.order_by("pk").values_list("pk", flat=True))
    Collection.objects.filter(pk=collection.pk).update(disputed=len(ids))
    return ids
