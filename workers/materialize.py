"""Put a dataset version on this machine's disk for an engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as parquet

from lifecycle.common.blobs import LocalBlobs
from lifecycle.contracts.training import DatasetFiles
from lifecycle.datasets.models import DatasetVersion
from workers.runtime import JobContext

DOWNLOADS_AT_A_TIME = 16


def materialize_version(version: DatasetVersion, context: JobContext) -> DatasetFiles:
    """The version's manifest and files as local paths; what is already here is not fetched again."""
    manifest = context.blobs.fetch(version.manifest_blob, context.blob_dir)
    if not isinstance(context.blobs, LocalBlobs):
        _fetch_blobs(manifest, context)
    return DatasetFiles(
        manifest_path=str(manifest), blob_dir=str(context.blob_dir), classes=tuple(version.classes)
    )


def _fetch_blobs(manifest, context: JobContext) -> None:
    column = parquet.read_table(manifest, columns=["blob"])["blob"]
    digests = [d for d in column.unique().to_pylist() if d]
    with ThreadPoolExecutor(DOWNLOADS_AT_A_TIME) as pool:
        for _ in pool.map(lambda digest: context.blobs.fetch(digest, context.blob_dir), digests):
            if context.should_stop():
                return
