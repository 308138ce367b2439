"""Brings what lies in blob storage onto this machine's disk: uploaded files, and whole dataset versions."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from lifecycle.common.blobs import BlobStore, LocalBlobs
from lifecycle.contracts.training import DatasetFiles
from lifecycle.datasets import selectors
from lifecycle.datasets.models import Collection, DatasetVersion
from lifecycle.experiments.models import Run
from workers.runtime import JobContext

PARALLEL = 16
COPY_BYTES = 1 << 20
MANY, SMALL_BYTES = 16, 1 << 18  # files from which on, and up to which mean size, one flush for all of them is quicker


def materialize_version(version: DatasetVersion, context: JobContext) -> DatasetFiles:
    """The manifest and, for pictures, every blob it names, on this machine's disk."""
    blobs, blob_dir = context.blobs, context.blob_dir
    manifest = selectors.fetch_manifest(version)
    if not isinstance(blobs, LocalBlobs):
        with pq.ParquetFile(manifest) as source:
            for batch in source.iter_batches(columns=["blob"], batch_size=10_000):
                _fetch_all(pc.unique(batch.column(0)).drop_null().to_pylist(), blobs, blob_dir)
    return DatasetFiles(manifest_path=str(manifest), blob_dir=str(blob_dir), classes=tuple(version.classes))


def materialize_run(run: Run, context: JobContext) -> DatasetFiles:
    """What a run learns from: its version, or, of the train split, only the items of its subset."""
    files = materialize_version(run.dataset_version, context)
    if not run.subset_blob:
        return files
    chosen = pq.read_table(context.blobs.fetch(run.subset_blob, context.blob_dir)).column("item_id")
    target = context.workdir / "manifest.parquet"
    with pq.ParquetFile(files.manifest_path) as source, pq.ParquetWriter(target, source.schema_arrow) as out:
        for batch in source.iter_batches(batch_size=50_000):
            is_chosen = pc.is_in(batch.column("item_id"), value_set=chosen)
            out.write_batch(batch.filter(pc.or_(is_chosen, pc.not_equal(batch.column("split"), "train"))))
    return replace(files, manifest_path=str(target))


def materialize_uploads(collection: Collection, context: JobContext) -> tuple[tuple[str, str], ...]:
    """(name, local path) of each uploaded file. One that came in several pieces is put together in the job's folder."""
    folder = context.workdir / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    uploads = collection.uploads.exclude(completed_at=None).order_by("pk")
    for pk, name, parts, size in uploads.values_list("pk", "name", "parts", "byte_size").iterator(chunk_size=2_000):
        is_whole = len(parts) == 1
        path = context.blobs.fetch(parts[0], context.blob_dir) if is_whole else folder / str(pk)
        if not is_whole:
            _join(parts, path, size, context.blobs)
        found.append((name, str(path)))
    return tuple(found)


class BatchWriter:
    """Stores many small files durably at once: call it with their contents, close it at the end."""

    def __init__(self, blobs: BlobStore):
        self._blobs = blobs
        self._pool = ThreadPoolExecutor(PARALLEL)

    def __call__(self, contents: Sequence[bytes]) -> list[str]:
        is_small = sum(map(len, contents)) < SMALL_BYTES * len(contents)
        if isinstance(self._blobs, LocalBlobs) and is_small and len(contents) >= MANY:
            return self._blobs.put_many(contents)
        return list(self._pool.map(self._blobs.put, contents))

    def close(self) -> None:
        self._pool.shutdown(wait=True)


def _join(parts: Sequence[str], target: Path, size: int, blobs: BlobStore) -> None:
    if target.exists() and target.stat().st_size == size:
        return
    with open(target, "wb") as out:
        for digest in parts:
            with blobs.open(digest) as piece:
                shutil.copyfileobj(piece, out, COPY_BYTES)


def _fetch_all(digests: Sequence[str], blobs: BlobStore, blob_dir: Path) -> None:
    with ThreadPoolExecutor(PARALLEL) as pool:
        for _ in pool.map(lambda digest: blobs.fetch(digest, blob_dir), digests):
            pass
