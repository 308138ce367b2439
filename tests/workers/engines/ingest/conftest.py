"""A bench for the import engine: files in, records and rejects out, no database."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle.contracts.ingest import IngestSpec
from workers.engines.ingest import run as engine
from workers.engines.ingest.parts import SCHEMA


class Silent:
    def progress(self, fraction, message=""):
        assert 0 <= fraction <= 1

    def log(self, message, level="info"): ...

    def metrics(self, step, values): ...

    def checkpoint(self, path, step): ...


class Outcome:
    def __init__(self, result):
        self.result = result
        tables = [pq.read_table(part) for part in result.parts]
        self.rows = pa.concat_tables(tables or [SCHEMA.empty_table()]).to_pylist()
        with open(result.rejects_path) as lines:
            self.rejects = [json.loads(line) for line in lines]

    @property
    def reasons(self) -> str:
        return " | ".join(reject["reason"] for reject in self.rejects)


@pytest.fixture
def take_in(tmp_path):
    """take_in("row", {"a.csv": b"…"}, mapping=…) runs the engine over these files."""

    def run(kind, files, *, should_stop=lambda: False, workdir=None, put_blobs=None, **options):
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        paths = []
        for number, (name, content) in enumerate(files.items()):
            path = folder / str(number)
            path.write_bytes(content)
            paths.append((name, str(path)))
        work = workdir or tmp_path / "work"
        work.mkdir(exist_ok=True)
        spec = IngestSpec(item_kind=kind, paths=tuple(paths), **options)
        put = put_blobs or (lambda contents: [hashlib.sha256(c).hexdigest() for c in contents])
        return Outcome(engine.run(spec, workdir=work, report=Silent(), should_stop=should_stop, put_blobs=put))

    return run
