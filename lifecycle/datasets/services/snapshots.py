"""Freezing a dataset: which chunks hold a change, those chunks out of Postgres, and the index over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from lifecycle.common.blobs import BlobStore, open_blobs
from lifecycle.common.copying import copy_out
from lifecycle.common.moments import share_moment
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets import chunks, hashing, manifests
from lifecycle.datasets.chunks import CHUNK_BITS, Chunk, ManifestIndex
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.selectors.versions import load_index, locate_chunks

FILE_BUFFER = 1 << 20  # Postgres hands out one row at a time
HANDS = 2  # threads that each take a chunk from Postgres and write it as Parquet
PLAIN_LABELS = (LabelKind.CLASS, LabelKind.NUMBER)  # the label says it all; other kinds have regions behind them
SnapshotProgress = Callable[[float, str], None]
Links = Sequence[BaseDatabaseWrapper]  # connections that see the same moment

# Of a first version nothing is known: which chunks there are is all that is asked, a look at the index for each.
_CHUNKS = """
    WITH RECURSIVE found (number) AS (
        SELECT min(id) >> {bits} FROM datasets_item WHERE dataset_id = %(dataset)s
        UNION ALL
        SELECT (SELECT id >> {bits} FROM datasets_item WHERE dataset_id = %(dataset)s AND id >= (number + 1) << {bits}
                ORDER BY id LIMIT 1) FROM found WHERE number IS NOT NULL)
    SELECT number FROM found WHERE number IS NOT NULL"""
# Transactions that were over when the last version was made have ids below its boundary, and so have the rows they
# wrote. A row's `xmin` is the last one that wrote it: no column, index or trigger has to keep track of changes.
_SURVEY = """
    SELECT id >> {bits}, count(*) FILTER (WHERE excluded_at IS NULL), {is_changed}
    FROM datasets_item WHERE dataset_id = %s AND ctid >= %s::tid AND ctid < %s::tid
    GROUP BY 1"""  # no ORDER BY: Postgres would sort all rows for it
LAST_PAGE = (1 << 32) - 1
_IS_CHANGED = "bool_or(age(xmin) <= age('{boundary}'::xid))"
_COPY = """
    COPY (SELECT i.id, i.content_hash, i.split, i.label, nullif(i.blob, ''), nullif(i.text, ''), i."row"::text,
                 nullif(i."group", ''), {result}, i.label_annotation_id, i.collection_id, nullif(i.mime, ''),
                 i.width, i.height, i.byte_size, i.event_time AT TIME ZONE 'UTC'
          FROM datasets_item i {join}
          WHERE i.dataset_id = {dataset} AND i.id >= {first} AND i.id < {last} AND i.excluded_at IS NULL{order})
    TO STDOUT (FORMAT csv)"""


@dataclass(frozen=True)
class Boundary:
    """Where a snapshot stands in Postgres' own history; means nothing on another server."""

    system: str = ""  # identifier of the database cluster and the table's file
    xid: int = 0  # every transaction below was over
    last_item: int = 0  # the highest item id there was: items above it are in no version


@dataclass(frozen=True)
class Surveyed:
    """A chunk that has items, how many of them count where that was asked, and whether one may have changed."""

    number: int
    items: int | None = None
    is_changed: bool = True


@dataclass(frozen=True)
class Written:
    """A chunk that was stored just now, with its lines for the content hash beside it."""

    chunk: Chunk
    lines: Path


@dataclass(frozen=True)
class Snapshot:
    """Everything `record_version` needs to know of what was frozen."""

    index: ManifestIndex
    index_blob: str
    boundary: Boundary
    summary: dict[str, Any]


def _say_nothing(fraction: float, message: str) -> None:
    """For callers without a progress bar."""


def _do_nothing() -> None:
    """For callers that nobody waits for."""


def take_snapshot(
    *,
    dataset: Dataset,
    folder: Path,
    annotation_table: str = "",
    report: SnapshotProgress = _say_nothing,
    on_moment: Callable[[], None] = _do_nothing,
) -> Snapshot:
    """What is in the dataset now, as one moment sees it. Chunks without a change are those of the newest version.

    `on_moment` is called once that moment is settled: what comes in afterwards is not part of it. `annotation_table` is
    where the annotations room keeps the regions behind a label; needed where labels have them.
    """
    blobs = open_blobs(settings.STORAGE_URL)
    latest = dataset.versions.order_by("-number").first()
    before = load_index(latest) if latest and latest.manifest_format == chunks.FORMAT else None
    folder.mkdir(parents=True, exist_ok=True)
    with share_moment() as links:
        on_moment()
        boundary, survey = _survey(
            dataset, Boundary(**latest.snapshot) if latest and before and latest.snapshot else None, links
        )
        kept, wanted = _divide(survey, before)
        statement = _describe_copy(dataset, annotation_table)
        fresh = list(_copy_chunks(statement, wanted, folder, blobs, report, links))
    is_numeric = get_problem_type(dataset.project.problem_type).label_kind == LabelKind.NUMBER
    report(0.7, "Hashing")
    with ThreadPoolExecutor(1) as beside:
        found = tuple(sorted([*kept, *(one.chunk for one in fresh)], key=lambda chunk: chunk.number))
        paths = locate_chunks(found)
        summary = beside.submit(manifests.summarize, paths, is_numeric=is_numeric)
        noted = tuple(chunks.note_splits(chunk, path) for chunk, path in zip(found, paths, strict=True))
        index = ManifestIndex(noted, tuple(_hash(before, found, fresh)))
    return Snapshot(index, blobs.put(index.to_json()), boundary, summary.result())


def _survey(dataset: Dataset, known: Boundary | None, links: Links) -> tuple[Boundary, list[Surveyed]]:
    """Where we stand now, and every chunk that has items."""
    with links[0].cursor() as cursor:
        system = _identify_server(cursor)
        cursor.execute(
            """SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                      pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""
        )
        xid, newest = cursor.fetchone()
        cursor.execute("SELECT coalesce(max(id), 0) FROM datasets_item WHERE dataset_id = %s", [dataset.pk])
        (last_item,) = cursor.fetchone()
    is_usable = system != "" and known is not None and known.system == system and 0 <= newest - known.xid < 1 << 30
    found = _find_changes(dataset, known, links) if known and is_usable else _find_chunks(dataset, links[0])
    return Boundary(system, xid, last_item), found


def _find_chunks(dataset: Dataset, link: BaseDatabaseWrapper) -> list[Surveyed]:
    with link.cursor() as cursor:
        cursor.execute(_CHUNKS.format(bits=CHUNK_BITS), {"dataset": dataset.pk})
        return [Surveyed(number) for (number,) in cursor.fetchall()]


def _find_changes(dataset: Dataset, known: Boundary, links: Links) -> list[Surveyed]:
    """Each connection reads its share of the table's pages."""
    with links[0].cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('datasets_item') / current_setting('block_size')::int")
        (pages,) = cursor.fetchone()
    shares = [pages * place // len(links) for place in range(len(links))]
    query = _SURVEY.format(bits=CHUNK_BITS, is_changed=_IS_CHANGED.format(boundary=known.xid % (1 << 32)))

    def read(link: BaseDatabaseWrapper, first: int, end: int) -> list[tuple[int, int, bool]]:
        with link.cursor() as cursor:
            cursor.execute(query, [dataset.pk, f"({first},0)", f"({end},0)"])
            return cursor.fetchall()

    with ThreadPoolExecutor(len(links)) as pool:
        parts = list(pool.map(read, links, shares, [*shares[1:], LAST_PAGE]))
    counts: Counter[int] = Counter()
    changed: set[int] = set()
    for number, items, is_changed in chain.from_iterable(parts):
        counts[number] += items
        changed |= {number} if is_changed else set()
    return [Surveyed(number, items, number in changed) for number, items in sorted(counts.items())]


def _identify_server(cursor) -> str:
    """Which database on which server this is; empty where the role may not ask, so that every chunk is written."""
    cursor.execute("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")
    if not cursor.fetchone()[0]:
        return ""
    cursor.execute("SELECT system_identifier::text || ':' || current_database() FROM pg_control_system()")
    return cursor.fetchone()[0]


def _divide(survey: Sequence[Surveyed], before: ManifestIndex | None) -> tuple[list[Chunk], list[int]]:
    """Chunks that stay as they are, and the numbers of those that have to be written."""
    old = {chunk.number: chunk for chunk in before.chunks} if before else {}
    kept, wanted = [], []
    for one in survey:
        chunk = old.get(one.number)
        if chunk and not one.is_changed and chunk.rows == one.items:
            kept.append(chunk)
        elif one.items != 0:
            wanted.append(one.number)
    return kept, wanted


def _describe_copy(dataset: Dataset, annotation_table: str) -> str:
    has_regions = get_problem_type(dataset.project.problem_type).label_kind not in PLAIN_LABELS
    join = f"LEFT JOIN {annotation_table} a ON a.id = i.label_annotation_id" if has_regions and annotation_table else ""
    result = "a.result::text" if join else "NULL"
    return _COPY.format(
        result=result, join=join, dataset=int(dataset.pk), first="{first}", last="{last}", order="{order}"
    )


def _copy_chunks(
    statement: str, numbers: Sequence[int], folder: Path, blobs: BlobStore, report: SnapshotProgress, links: Links
) -> Iterator[Written]:
    """While a chunk's rows are turned into Parquet, Postgres writes those of the next."""
    free: SimpleQueue[BaseDatabaseWrapper] = SimpleQueue()
    for link in links:
        free.put(link)

    def write(number: int) -> Written | None:
        source = folder / f"{number}.csv"
        link = free.get()
        try:
            has_rows = _copy_out(statement, number, source, link)
        finally:
            free.put(link)
        return _store_chunk(number, source, blobs) if has_rows else None  # none: all of its items are excluded

    pool = ThreadPoolExecutor(HANDS)
    try:
        for place, written in enumerate(pool.map(write, numbers)):
            report(0.1 + 0.6 * place / len(numbers), "Writing the manifest")
            if written:
                yield written
    finally:
        pool.shutdown(cancel_futures=True)


def _copy_out(statement: str, number: int, target: Path, link: BaseDatabaseWrapper) -> bool:
    """A chunk's rows as CSV; False when none count. Arrow sorts faster than Postgres, but not more than it can hold."""
    first = number << CHUNK_BITS
    for order in ("", " ORDER BY i.content_hash"):
        query = statement.format(first=first, last=first + (1 << CHUNK_BITS), order=order)
        with open(target, "wb", FILE_BUFFER) as out:
            copy_out(query, out.write, link)
        if target.stat().st_size <= chunks.SORTED_BYTES:
            break
    return target.stat().st_size > 0


def _store_chunk(number: int, source: Path, blobs: BlobStore) -> Written:
    target, lines = source.with_suffix(".parquet"), source.with_suffix(".lines")
    splits = chunks.write_chunk(source, target, lines)
    chunk = Chunk(number, blobs.put_file(target), splits.total(), target.stat().st_size, splits)
    source.unlink()
    target.unlink()
    return Written(chunk, lines)


def _hash(before: ManifestIndex | None, found: Sequence[Chunk], written: Sequence[Written]) -> list[str]:
    """The digests of all buckets; where little changed, of those only in which a line did."""
    fresh = [one.chunk for one in written]
    paths = locate_chunks(found)
    by_blob = {one.chunk.blob: one.lines for one in written}
    lines = {path: by_blob[chunk.blob] for chunk, path in zip(found, paths, strict=True) if chunk.blob in by_blob}
    if before and len(fresh) <= len(found) // 4:
        stays = {chunk.blob for chunk in found}
        gone = [chunk for chunk in before.chunks if chunk.blob not in stays]
        there = {chunk.blob for chunk in before.chunks}
        new = [chunk for chunk in fresh if chunk.blob not in there]
        changed = hashing.find_changed_buckets(locate_chunks(gone), locate_chunks(new))
        digests = hashing.hash_content(paths, before.buckets, changed, lines)
    else:
        digests = hashing.hash_content(paths, written=lines)
    for one in written:
        one.lines.unlink()
    return digests
