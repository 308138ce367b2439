"""What the collecting engine is handed in tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.sources import CollectSpec, Contract, Surroundings
from workers.engines.collect import run as collect


class Report:
    """Keeps what was said."""

    def __init__(self):
        self.lines: list[str] = []

    def progress(self, fraction, message=""):
        assert 0 <= fraction <= 1

    def log(self, message, level="info"):
        self.lines.append(message)

    def metrics(self, step, values): ...

    def checkpoint(self, path, step): ...


@pytest.fixture
def report():
    return Report()


@pytest.fixture
def collected(tmp_path, report):
    """collected(kind, config, …) runs the engine; `blobs` are what it stored."""

    def run(
        kind,
        config,
        *,
        contract=None,
        item_kind="row",
        label_kind="class",
        workdir=None,
        should_stop=lambda: False,
        **more,
    ):
        folder = Path(workdir or tmp_path / "work")
        folder.mkdir(parents=True, exist_ok=True)
        more.setdefault("surroundings", Surroundings(folders=(str(tmp_path),), private_addresses="true"))
        spec = CollectSpec(
            kind=kind, config=config, item_kind=item_kind, label_kind=label_kind, title="Source",
            contract=Contract.from_json(contract or {}), **more,
        )  # fmt: skip
        result = collect.run(
            spec, workdir=folder, report=report, should_stop=should_stop,
            put_blobs=lambda contents: [hashlib.sha256(content).hexdigest() for content in contents],
        )  # fmt: skip
        return result

    return run


def read_items(result):
    """The items of all parts, in order."""
    return [row for part in result.parts for row in pq.read_table(part).to_pylist()]


def read_keys(result):
    return [row for keys in result.keys for row in pq.read_table(keys).to_pylist()]


def read_rejects(result):
    with open(result.rejects_path) as lines:
        return [json.loads(line) for line in lines]


SMALL = IngestLimits(row_bytes=10_000)
