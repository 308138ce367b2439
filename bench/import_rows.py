"""A CSV of a million rows (or as many as the argument says) into items, labels and tasks, beside a bare COPY of the
same rows; then a version of them."""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from bench import _product

ROWS = 1_000_000
CUTS, COLORS = ("Fair", "Good", "Very Good", "Premium", "Ideal"), "DEFGHIJ"


def write_table(path: Path, rows: int) -> None:
    """A table like the diamonds data: six numbers, two categories and a price."""
    rng = random.Random(7)
    with open(path, "w", encoding="utf-8") as out:
        out.write("carat,cut,color,depth,table,x,y_mm,z,price\n")
        for _ in range(rows):
            carat = rng.lognormvariate(-0.4, 0.55)
            side = 6.4 * carat ** (1 / 3)
            cells = (f"{carat:.3f}", rng.choice(CUTS), rng.choice(COLORS), f"{rng.gauss(61.7, 1.4):.1f}")
            sizes = (f"{rng.gauss(57, 2):.0f}", f"{side:.4f}", f"{side * 1.003:.4f}", f"{side * 0.62:.4f}")
            out.write(",".join((*cells, *sizes, str(int(4000 * carat**1.6)))) + "\n")


def copy_bare(path: Path) -> float:
    """Seconds for Postgres alone to take the same file in, into a table without indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TABLE bare (carat float, cut text, color text, depth float, "table" float, x float, y float,
               z float, price float)"""
        )
        start = time.perf_counter()
        with open(path, "rb") as source, cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER true)") as copy:
            while block := source.read(1 << 20):
                copy.write(block)
        seconds = time.perf_counter() - start
        cursor.execute("DROP TABLE bare")
    return seconds


def main(rows: int = ROWS) -> None:
    home = _product.start()
    project, owner = _product.make_project("tabular_regression")
    path = home / "table.csv"
    write_table(path, rows)
    bare = copy_bare(path)
    base = _product.peak_megabytes()
    start = time.perf_counter()
    collection = _product.import_file(project, owner, path, mapping={"label": "price"})
    seconds = time.perf_counter() - start
    print(json.dumps(describe("import rows with labels", rows, seconds, bare, base) | {"new": collection.accepted}))
    start = time.perf_counter()
    again = _product.import_file(project, owner, path, mapping={"label": "price"})
    seconds = time.perf_counter() - start
    print(json.dumps(describe("import the same again", rows, seconds, bare, base) | {"new": again.accepted}))
    print(json.dumps(measure_version(project, owner, rows)))


def describe(what: str, rows: int, seconds: float, bare: float, base: float) -> dict:
    return {
        "what": what,
        "rows": rows,
        "seconds": round(seconds, 2),
        "rows_per_s": round(rows / seconds),
        "raw_limit": "COPY",
        "raw_seconds": round(bare, 2),
        "ratio": round(seconds / bare, 1),
        "peak_mb": round(_product.peak_megabytes()),
        "mb_before": round(base),
        "mb_over_start": round(_product.peak_megabytes() - base),
    }


def measure_version(project, owner, rows: int) -> dict:
    """Commit everything, beside a bare COPY of the items out. Its card is counted by a job behind it, not here."""
    from lifecycle.datasets import selectors, services

    bare = _product.copy_out()
    _product.forget_peak()
    start = time.perf_counter()
    job = services.commit_version(dataset=selectors.get_dataset(project), user=owner, message="bench")
    _product.run_job(job)
    seconds = time.perf_counter() - start
    version = selectors.find_latest_version(project)
    return {
        "what": "commit a version",
        "rows": version.item_count,
        "seconds": round(seconds, 2),
        "rows_per_s": round(version.item_count / seconds),
        "raw_limit": "COPY out",
        "raw_seconds": round(bare, 2),
        "ratio": round(seconds / bare, 1),
        "peak_mb": round(_product.peak_megabytes()),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
