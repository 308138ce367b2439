"""Every benchmark still runs: small, for its rows and not for its figures."""

from __future__ import annotations

import os

import pytest

from bench import __main__ as bench

# few enough to be quick, enough to come to an end as the large ones do
SIZES = {
    "crawl": 60,
    "door": 40,
    "endpoint": None,
    "import_images": 60,
    "import_rows": 2_000,
    "keypress": 6,
    "labelling": 3_000,
    "loader": 200,
    "map": 400,
    "metrics": None,
    "pages": 2_000,
    "profile": 2_000,
    "streaming": 120,
    "training_overhead": 1,
    "versions": 50_000,
}


def test_every_benchmark_is_tried():
    assert set(SIZES) == set(bench.list_names())


@pytest.mark.long
@pytest.mark.serial
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "size"), SIZES.items(), ids=SIZES)
def test_a_benchmark_prints_its_rows(monkeypatch, name, size):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for key in ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        os.environ.pop(key, None)
    os.environ |= {"BENCH_SECONDS": "1", "BENCH_POINTS": "5000", "BENCH_RUNS": "500"}

    rows = bench.run(name if size is None else f"{name}:{size}")

    assert rows and all(row.get("what") or row.get("model") for row in rows)
