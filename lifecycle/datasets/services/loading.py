"""From an engine's Parquet parts into items. Every part is one transaction that can be repeated after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from lifecycle.common import bulk
from lifecycle.common.blobs import open_blobs
from lifecycle.contracts.ingest import IngestResult
from lifecycle.datasets import near_rows, rules
from lifecycle.datasets.models import Collection, CollectionReject, Dataset
from lifecycle.datasets.near_rows import FindNear
from lifecycle.datasets.services import event_times
from lifecycle.datasets.services.picture_prints import store_prints
from lifecycle.projects.services import record_event

LOCK_SPACE = 0x6974656D  # advisory locks on a dataset's items
SHOWN_REJECTS = 10_000
NEWER_COLUMNS = (
    ("fingerprint", pa.int64()), ("result", pa.string()), ("near_prints", pa.binary()), ("event_time", pa.string()),
    ("event_time_origin", pa.string()), ("picture_print", pa.binary()),
)  # fmt: skip
NO_NAMES = (
    "blob",
    "text",
    "mime",
    "group",
    "given_split",
    "event_time_origin",
)  # columns that say "" where a part says null


@dataclass(frozen=True)
class LabelWriter:
    """How the annotations room stores labels, handed down by the caller.

    `read_values` gives {label as imported: label as stored}, without those that mean nothing here; ids of the
    annotations behind them come from the sequence of `table`.
    """

    read_values: Callable[[set[str]], dict[str, str]]
    table: str


@dataclass(frozen=True)
class LoadedPart:
    """New items: a table of item_id, annotation_id, label and result, the last three null where there is no label;
    and the content hashes of which a row says something else than what is there."""

    items: pa.Table
    differing: list[str]


class KnownPrints:
    """The different fingerprints of a dataset's items as an import goes on: read once, and then what came since.

    Ids grow under the dataset's lock, so that nothing comes later with a lower one.
    """

    def __init__(self) -> None:
        self._last = 0
        self.prints: NDArray[np.int64] = np.empty(0, np.int64)  # by value
        self._first: NDArray[np.int64] = np.empty(0, np.int64)  # id of the first item with each

    def read(self, cursor, dataset_id: int) -> None:
        """`prints` are all there are now. Call with the dataset locked, always for the same dataset."""
        cursor.execute(
            """SELECT coalesce(max(last), %s), coalesce(string_agg(int8send(fingerprint) || int8send(first), ''::bytea
               ORDER BY fingerprint), ''::bytea) FROM (
               SELECT fingerprint, min(id) AS first, max(id) AS last FROM datasets_item
               WHERE dataset_id = %s AND id > %s AND fingerprint IS NOT NULL GROUP BY fingerprint) fresh""",
            [self._last, dataset_id, self._last],
        )
        self._last, packed = cursor.fetchone()
        self._add(*np.frombuffer(bytes(packed), ">i8").astype(np.int64).reshape(-1, 2).T)

    def add(self, prints: NDArray[np.int64], item_ids: NDArray[np.int64]) -> None:
        """What was just written to older items, in the order of their ids."""
        values, places = np.unique(prints, return_index=True)
        self._add(values, item_ids[places])

    def _add(self, prints: NDArray[np.int64], first: NDArray[np.int64]) -> None:
        """`prints` are sorted and different."""
        is_new = ~near_rows.contains(self.prints, prints)
        places = np.searchsorted(self.prints, prints[is_new])
        self.prints = np.insert(self.prints, places, prints[is_new])
        self._first = np.insert(self._first, places, first[is_new])

    def find_splits(self, cursor, places: set[int]) -> dict[int, str]:
        """{place in `prints`: the split of the first item with that fingerprint}."""
        if not places:
            return {}
        asked = {int(self._first[place]): place for place in places}
        cursor.execute("SELECT id, split FROM datasets_item WHERE id = ANY(%s)", [list(asked)])
        return {asked[pk]: split for pk, split in cursor.fetchall()}


def load_part(
    *,
    collection: Collection,
    number: int,
    path: str | Path,
    labels: LabelWriter,
    find_near: FindNear,
    known: KnownPrints | None = None,
) -> LoadedPart | None:
    """Bring one part in; None for a part that is in already. Call within the job's transaction.

    `find_near(new, old)` gives, for each new fingerprint, the place of an earlier near-duplicate in `old + new`.
    `known` remembers fingerprints from one part to the next.
    """
    locked = Collection.objects.select_for_update(of=("self",)).select_related("dataset").get(pk=collection.pk)
    if number < locked.loaded_parts:
        return None
    with connection.cursor() as cursor:
        lock_items(cursor, locked.dataset_id)
        part = _read_part(path, labels.read_values)
        known_labels = _find_known(cursor, locked.dataset_id, part["content_hash"])
        old = set(known_labels)
        places, differing = _pick_new(part, known_labels)
        locked.event_times_differ |= event_times.do_differ(cursor, locked.dataset_id, part, old)
        new = part.take(pa.array(places, pa.int64()))
        known = known or KnownPrints()
        if new["fingerprint"].null_count < new.num_rows:
            known.read(cursor, locked.dataset_id)
            new = _settle_prints(new, known) if locked.dataset.item_kind == "row" else new
        splits = _choose_splits(cursor, locked.dataset, new, find_near, known)
        items = _write_items(cursor, locked, new, splits, labels.table)
        store_prints(cursor, locked.dataset, items["item_id"], new["picture_print"])
    locked.accepted += len(places)
    locked.duplicates += part.num_rows - len(places)
    locked.labels_differ |= bool(differing)
    locked.loaded_parts = number + 1
    locked.save(
        update_fields=["accepted", "duplicates", "labels_differ", "event_times_differ", "loaded_parts", "updated_at"]
    )
    return LoadedPart(items, differing)


def lock_items(cursor, dataset_id: int) -> None:
    """One import at a time writes items of a dataset, and the dataset stays until it has."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, dataset_id % (1 << 31)])
    cursor.execute("SELECT 1 FROM datasets_dataset WHERE id = %s FOR KEY SHARE", [dataset_id])


@contextmanager
def hold_items(dataset: Dataset) -> Iterator[Callable[[], None]]:
    """No import brings items into the dataset until the block ends, or until what this gives is called: each waits
    before its next part. The connection's own transactions may. Call outside a transaction: one that has begun may not
    see what came last."""
    key = [LOCK_SPACE, dataset.pk % (1 << 31)]
    is_held = True

    def let_go() -> None:
        nonlocal is_held
        if is_held:
            is_held = False
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
    try:
        yield let_go
    finally:
        if connection.connection is not None and connection.is_usable():  # else Postgres has let go
            let_go()


def _read_part(path: str | Path, read_values) -> pa.Table:
    """The part with labels as they are stored. Parts of older engines lack the newer columns."""
    part = pq.read_table(path)
    for name, kind in NEWER_COLUMNS:
        if name not in part.column_names:
            part = part.append_column(name, pa.nulls(part.num_rows, kind))
    part = part.rename_columns(["given_split" if name == "split" else name for name in part.column_names])
    for name in NO_NAMES:
        part = part.set_column(part.schema.get_field_index(name), name, part[name].cast(pa.string()).fill_null(""))
    codes = part["label"].combine_chunks().dictionary_encode()
    spoken = codes.dictionary.to_pylist()
    values = read_values({label for label in spoken if label is not None})
    stored = pa.array([values.get(label) for label in spoken], pa.string())
    return part.set_column(part.schema.get_field_index("label"), "label", stored.take(codes.indices))


def _find_known(cursor, dataset_id: int, hashes: pa.ChunkedArray) -> dict[str, str | None]:
    """{content hash: label} of those that are in the dataset."""
    cursor.execute(  # one long string: quoting twenty thousand elements of an array takes longer than the query
        """SELECT content_hash, label FROM datasets_item
           WHERE dataset_id = %s AND content_hash = ANY(string_to_array(%s, ','))""",
        [dataset_id, ",".join(hashes.to_pylist())],
    )
    return dict(cursor.fetchall())


def _pick_new(part: pa.Table, known: dict[str, str | None]) -> tuple[list[int], list[str]]:
    """The rows whose content is new, and the content of which another row says another label than what is there."""
    places: list[int] = []
    differing: list[str] = []
    columns = (part[name].to_pylist() for name in ("content_hash", "label", "result"))
    for place, (content_hash, label, result) in enumerate(zip(*columns, strict=True)):
        if content_hash not in known:
            known[content_hash] = label
            places.append(place)
        elif label is not None and (known[content_hash] != label or result is not None):
            differing.append(content_hash)
    return places, differing


def _settle_prints(new: pa.Table, known: KnownPrints) -> pa.Table:
    """Rows with the fingerprint of the unit that each falls into."""
    settled = near_rows.settle_prints(new["fingerprint"].to_pylist(), new["near_prints"], known.prints)
    return new.set_column(new.schema.get_field_index("fingerprint"), "fingerprint", pa.array(settled, pa.int64()))


def _choose_splits(
    cursor, dataset: Dataset, new: pa.Table, find_near: FindNear, known_prints: KnownPrints
) -> list[str]:
    hashes, groups, given = (new[name].to_pylist() for name in ("content_hash", "group", "given_split"))
    known = _find_group_splits(cursor, dataset, {g for g in groups if g})
    search = near_rows.choose_search(dataset.item_kind, find_near)
    near = _find_near(cursor, new["fingerprint"].to_pylist(), search, known_prints)
    known = rules.settle_new_groups(known, groups, near)
    splits = rules.assign_splits(
        ((h, g or None, s or None) for h, g, s in zip(hashes, groups, given, strict=True)),
        ratios=dataset.split_ratios or rules.DEFAULT_RATIOS,
        seed=dataset.split_seed,
        group_splits=known,
    )
    splits = rules.follow_near_duplicates(splits, [bool(g or s) for g, s in zip(groups, given, strict=True)], near)
    if rules.are_parted(splits, given, near):
        Dataset.objects.filter(pk=dataset.pk).update(splits_are_stale=True)
    return splits


def _find_near(
    cursor, fingerprints: list[int | None], find_near: FindNear, known: KnownPrints
) -> list[str | int | None]:
    """For each new item the split of an earlier near-duplicate, or the place of one among the new items, or None."""
    if all(print_ is None for print_ in fingerprints):
        return [None] * len(fingerprints)
    found, old = find_near(fingerprints, known.prints), len(known.prints)
    splits = known.find_splits(cursor, {place for place in found if place is not None and place < old})
    return [place if place is None else splits.get(place) if place < old else place - old for place in found]


def _find_group_splits(cursor, dataset: Dataset, groups: set[str]) -> dict[str, str]:
    if not groups:
        return {}
    cursor.execute(
        """SELECT DISTINCT "group", split FROM datasets_item
           WHERE dataset_id = %s AND "group" = ANY(%s) AND "group" <> ''""",
        [dataset.pk, list(groups)],
    )
    return dict(cursor.fetchall())


def _write_items(cursor, collection: Collection, new: pa.Table, splits: list[str], annotation_table: str) -> pa.Table:
    item_ids = pa.array(bulk.reserve_ids(cursor, "datasets_item", new.num_rows), pa.int64())
    is_labeled = new["label"].is_valid().to_pylist()
    reserved = iter(bulk.reserve_ids(cursor, annotation_table, sum(is_labeled)))
    annotation_ids = pa.array([next(reserved) if yes else None for yes in is_labeled], pa.int64())
    now = timezone.now().isoformat()
    columns = {name: new[name] for name in (
        "content_hash", "blob", "text", "row", "label", "group", "given_split", "source_uri", "mime", "width",
        "height", "byte_size", "fingerprint", "event_time", "event_time_origin")}  # fmt: skip
    with bulk.trusted_references(cursor):
        bulk.copy_rows(cursor, "datasets_item", columns | {
            "id": item_ids,
            "dataset_id": collection.dataset_id,
            "collection_id": collection.pk,
            "split": pa.array(splits, pa.string()),
            "label_annotation_id": annotation_ids,
            "labeled_at": pa.array([now if yes else None for yes in is_labeled], pa.string()),
            "created_at": now,
        }, new.num_rows)  # fmt: skip
    return pa.table({
        "item_id": item_ids, "annotation_id": annotation_ids, "content_hash": new["content_hash"],
        "label": new["label"], "result": new["result"],
    })  # fmt: skip


def finish_collection(*, collection: Collection, result: IngestResult, updated: int = 0) -> Collection:
    """Note what came of the import; `updated` items took the place of older ones. Call within the job's transaction; a
    second call changes nothing."""
    locked = Collection.objects.select_for_update(of=("self",)).select_related("dataset__project").get(pk=collection.pk)
    if locked.finished_at:
        return locked
    _record_rejects(locked, result)
    locked.rejected, locked.finished_at = result.rejected, timezone.now()
    locked.save(update_fields=["rejected", "rejects_blob", "finished_at", "updated_at"])
    _remember_columns(locked.dataset, result)
    said = [f"{locked.accepted:,} new"] + ([f"{updated:,} of them updates"] if updated else [])
    said += [f"{locked.duplicates:,} known already", f"{locked.rejected:,} set aside"]
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
    locked.spreads = dict(result.spreads) | locked.spreads
    if result.mapping:
        locked.mapping = asdict(result.mapping)
    locked.save(update_fields=["columns", "spreads", "mapping", "updated_at"])


def refresh_statistics() -> None:
    """Tell Postgres' planner about a large import, so that the pages after it are fast."""
    bulk.refresh_statistics("datasets_item", "datasets_pictureprint")
