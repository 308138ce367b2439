"""The profile of a dataset: measure what is new, lay the items out by column, describe each part."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.profile import PROFILE_FORMAT, ProfileResult, ProfileSpec
from workers.engines.profile import associations, classes, suspects, texts
from workers.engines.profile.cells import Column, connect, quote, write_cells
from workers.engines.profile.distributions import describe_column
from workers.engines.profile.measuring import FACTS, measure

SAMPLE_ROWS = suspects.SAMPLE_ROWS
LABEL = Column("target", "label", "Label", "number", is_measure=True)  # the numbers to predict, described like a column


def run(spec: ProfileSpec, *, workdir: Path, report: Report, should_stop: ShouldStop) -> ProfileResult:
    """Everything the profile's page shows, as numbers; memory does not grow with the items."""
    started = time.monotonic()
    workdir = Path(workdir)
    measured_path, cells = workdir / "measured.parquet", workdir / "cells.parquet"
    with connect(workdir) as base:
        measured = measure(spec, base, measured_path, report, should_stop)
        facts = _merge_facts(base, spec.facts_path, measured_path if measured else None, workdir / "facts.parquet")
        report.progress(0.55, "Laying the items out by column")
        columns = write_cells(base, spec.dataset.manifest_path, facts, cells, spec.item_kind, spec.columns)
        profile = _describe(spec, base, columns, cells, report, should_stop)
    profile["seconds"] = round(time.monotonic() - started, 2)
    return ProfileResult(profile, str(measured_path) if measured else "")


def _merge_facts(base: duckdb.DuckDBPyConnection, known: str, measured: Path | None, target: Path) -> str:
    """What the database knew, completed by what was measured now."""
    if measured is None:
        return known
    names = [field.name for field in FACTS if field.name != "item_id"]
    merged = ", ".join(f"coalesce(n.{name}, k.{name}) AS {name}" for name in names)
    base.execute(
        f"""COPY (SELECT k.* EXCLUDE ({", ".join(names)}), {merged} FROM read_parquet({quote(known)}) k
            LEFT JOIN read_parquet({quote(measured)}) n USING (item_id)) TO {quote(target)} (FORMAT parquet)"""
    )
    return str(target)


def _describe(
    spec: ProfileSpec,
    base: duckdb.DuckDBPyConnection,
    columns: list[Column],
    cells: Path,
    report: Report,
    should_stop: ShouldStop,
) -> dict[str, Any]:
    several = spec.label_names is not None
    has_classes = several or spec.label_kind == "class"
    classes.take_labels_apart(base, spec.label_names)
    labels = classes.list_labels(base) if has_classes else []
    profile: dict[str, Any] = {"format": PROFILE_FORMAT, "item_kind": spec.item_kind, "label_kind": spec.label_kind}
    profile |= classes.count_all(base)
    if has_classes:
        profile["classes"] = classes.describe_classes(base, several=several)
    profile["time"] = classes.describe_time(base, labels)
    profile["sources"] = classes.describe_sources(base, labels)
    if several:
        labels = []  # what follows puts each item into one class
    described = columns + ([LABEL] if spec.label_kind == "number" and profile["labeled"] else [])
    profile["columns"] = []
    for n, column in enumerate(described):
        if should_stop():
            raise Canceled
        report.progress(0.6 + 0.25 * n / len(described), f"Looking at {column.title}")
        profile["columns"].append(describe_column(base, column, labels, spec.label_kind))
    report.progress(0.86, "Looking at what goes together")
    sample = _take_sample(base)
    profile["associations"] = associations.correlate(cells, described, sample)
    profile["skills"], profile["suspects"] = suspects.judge_columns(sample, columns, spec.label_kind, spec.label_names)
    if spec.item_kind == "text":
        profile["texts"] = texts.describe_texts(base, labels)
    if spec.item_kind == "image":
        profile["images"] = _describe_images(base)
    return profile


def _take_sample(base: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return base.execute(f"SELECT * FROM cells USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (7)").df()


def _describe_images(base: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """{"corrupt": n, "corrupt_examples": [item id], "measured": n, "mimes": …}"""
    corrupt, measured = base.execute(
        "SELECT count(*) FILTER (f.is_corrupt), count(f.brightness) FROM m JOIN f USING (item_id)"
    ).fetchall()[0]
    return {"corrupt": corrupt, "measured": measured}
