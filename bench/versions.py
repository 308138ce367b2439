"""Commits and differences of a large table, and of files, beside a bare COPY, beside `cp` + hashing, beside DVC."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from bench import _product

ROWS = 1_000_000
SMALL, LARGE = (20_000, 3_000), (200, 5_000_000)  # files, bytes each
FILL = """
    INSERT INTO datasets_item (dataset_id, collection_id, content_hash, blob, text, "row", mime, byte_size, label,
        fingerprint, labeled_at, "group", given_split, split, source_uri, created_at)
    SELECT %(dataset)s, %(collection)s, encode(sha256(('item' || n)::bytea), 'hex'), '', '',
        jsonb_build_object('carat', round((random() * 5)::numeric, 3),
            'cut', (ARRAY['Fair','Good','Ideal'])[n %% 3 + 1], 'depth', round((random() * 70)::numeric, 1),
            'x', random(), 'y', random()),
        '', 120, (n %% 1000 * 7919 %% 20000)::text,
        hashtextextended('item' || n, 0), now(), '', '',
        (ARRAY['train','train','train','train','train','train','train','train','validation','test'])[n %% 10 + 1],
        'table.csv', now()
    FROM generate_series(%(first)s, %(last)s) n
"""


def fill(dataset, collection, first: int, last: int) -> None:
    """Rows first..last as items, straight into the table."""
    from django.db import connection

    where = {"dataset": dataset.pk, "collection": collection.pk, "first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(FILL, where)


def measure(what: str, rows: int, work: Callable[[], object], raw: str, raw_seconds: float) -> object:
    """Run `work`, print its line, and give back what it gave."""
    _product.forget_peak()
    start = time.perf_counter()
    outcome = work()
    seconds = time.perf_counter() - start
    line = {
        "what": what, "items": rows, "seconds": round(seconds, 3), "raw_limit": raw,
        "raw_seconds": round(raw_seconds, 3), "ratio": round(seconds / raw_seconds, 2),
        "peak_mb": round(_product.peak_megabytes()),
    }  # fmt: skip
    print(json.dumps(line), flush=True)
    return outcome


def measure_rows(rows: int) -> None:
    """Commit a table, then again after one more row, and the difference of the two."""
    from django.db import connection

    from lifecycle.datasets import selectors, services
    from lifecycle.datasets.models import Collection

    project, owner = _product.make_project("tabular_regression")
    dataset = selectors.get_dataset(project)
    collection = Collection.objects.create(dataset=dataset, title="bench", created_by=owner)
    fill(dataset, collection, 1, rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE datasets_item")
    _product.run_jobs()  # nothing waits: this imports the tasks, as a worker has done long ago
    pa.scalar("")  # and pyarrow brings pandas along with its first value
    raw = _product.copy_out()

    def commit():
        job = services.commit_version(dataset=dataset, user=owner, message="bench")
        _product.run_job(job)  # the version is there; its card is counted by a job that waits behind it
        return selectors.find_latest_version(project)

    first = measure("commit a table", rows, commit, "COPY out", raw)
    measure("count for its card, once", rows, _product.run_jobs, "COPY out", raw)
    fill(dataset, collection, rows + 1, rows + 1)
    second = measure("one more row, commit", rows + 1, commit, "COPY out", raw)
    counts = measure("difference", rows + 1, lambda: selectors.compare_versions(first, second), "COPY out", raw)
    if counts != {"added": 1, "removed": 0, "relabeled": 0, "moved": 0, "redated": 0}:
        raise AssertionError(counts)


def make_files(folder: Path, count: int, size: int) -> list[Path]:
    """Noise, in a hundred folders."""
    rng, paths = random.Random(1), []
    for number in range(count):
        path = folder / f"d{number % 100:02d}" / f"f{number:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.randbytes(size))
        paths.append(path)
    return paths


def copy_and_hash(source: Path, target: Path) -> float:
    """Seconds for `cp -r` and one SHA-256 over every file."""
    start = time.perf_counter()
    subprocess.run(["cp", "-r", str(source), str(target)], check=True)
    for base, _, names in os.walk(source):
        for name in names:
            with open(os.path.join(base, name), "rb") as file:
                hashlib.file_digest(file, "sha256")
    return time.perf_counter() - start


def add_with_dvc(source: Path, repository: Path) -> float | None:
    """Seconds for `dvc add` of the same files; None where DVC is not installed."""
    program = shutil.which("dvc")
    if program is None:
        return None
    repository.mkdir()
    shutil.copytree(source, repository / "data")
    run = {"cwd": repository, "check": True, "capture_output": True, "env": {**os.environ, "DVC_NO_ANALYTICS": "1"}}
    subprocess.run([program, "init", "--no-scm", "-q"], **run)
    start = time.perf_counter()
    subprocess.run([program, "add", "-q", "data"], **run)
    return time.perf_counter() - start


def measure_files(home: Path, count: int, size: int) -> None:
    """Files into blobs and a version of them: what a version costs where each item is a file.

    Nothing is deleted between: ext4 steps over inodes deleted in the last minutes one by one, which made the creation
    of a file three times as dear for whoever came after a deletion, and for `cp`, which came first, not at all.
    """
    from django.conf import settings
    from django.db import connection

    from lifecycle.common.blobs import open_blobs
    from lifecycle.datasets import selectors, services
    from lifecycle.datasets.models import Collection
    from workers.engines.ingest.items_from_files import BATCH_BYTES, BATCH_FILES
    from workers.materialize import BatchWriter

    source = home / f"files-{size}"
    paths = make_files(source, count, size)
    raw = copy_and_hash(source, home / f"copied-{size}")
    dvc = add_with_dvc(source, home / f"dvc-{size}")
    line = {"what": f"dvc add, {count} files of {size:,} bytes", "items": count,
            "seconds": "not measured: no dvc on the PATH" if dvc is None else round(dvc, 3),
            "raw_limit": "cp + SHA-256", "raw_seconds": round(raw, 3),
            "ratio": None if dvc is None else round(dvc / raw, 2)}  # fmt: skip
    print(json.dumps(line), flush=True)
    project, owner = _product.make_project("image_classification", f"files-{size}")
    dataset = selectors.get_dataset(project)
    collection = Collection.objects.create(dataset=dataset, title="files", created_by=owner)

    def add() -> None:
        put = BatchWriter(open_blobs(settings.STORAGE_URL))
        rows = []
        batch = min(BATCH_FILES, max(BATCH_BYTES // size, 1))  # as an import does
        for at in range(0, len(paths), batch):
            rows += put([path.read_bytes() for path in paths[at : at + batch]])
        put.close()
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO datasets_item (dataset_id, collection_id, content_hash, blob, text, mime, byte_size,
                       "group", given_split, split, source_uri, created_at)
                   SELECT %s, %s, digest, digest, '', '', %s, '', '', 'train', '', now()
                   FROM unnest(%s::text[]) digest""",
                [dataset.pk, collection.pk, size, rows],
            )
            # they are no pictures: an import would have looked at each of them as it came
            cursor.execute("UPDATE datasets_dataset SET viewed_to = (SELECT max(id) FROM datasets_item) WHERE id = %s",
                           [dataset.pk])  # fmt: skip
        services.commit_version(dataset=dataset, user=owner, message="files")
        _product.run_jobs()

    measure(f"store and commit files of {size:,} bytes", count, add, "cp + SHA-256", raw)


def main(rows: int = ROWS) -> None:
    home = _product.start()
    measure_rows(rows)
    for count, size in (SMALL, LARGE):
        measure_files(home, max(count * rows // ROWS, 2), size)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
