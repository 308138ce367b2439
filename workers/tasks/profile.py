"""Looks at everything in a dataset, or in a version of it, and records what was seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lifecycle.annotations.selectors import find_schema, read_interface
from lifecycle.common.blobs import LocalBlobs
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.label_interface.names import list_names
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.contracts.profile import ProfileSpec
from lifecycle.contracts.training import DatasetFiles
from lifecycle.datasets.models import Dataset, DatasetVersion
from lifecycle.datasets.selectors import load_dataset
from lifecycle.datasets.settling import read_settled
from lifecycle.exploration import selectors, services
from lifecycle.projects.models import Project
from workers.materialize import materialize_version
from workers.runtime import JobContext, job_task

PARALLEL = 16


@job_task("profile", queue="io")
def profile(context: JobContext) -> dict[str, Any]:
    from workers.engines.profile import run  # scikit-learn and OpenCV: only where needed

    dataset = load_dataset(context.spec["dataset_id"])
    version = selectors.load_version(context.spec["version_id"])
    context.report.progress(0.01, "Reading the items")
    files = materialize_version(version, context) if version else materialize_items(dataset, context)
    spec = ProfileSpec(
        item_kind=dataset.item_kind,
        label_kind=get_problem_type(dataset.project.problem_type).label_kind,
        dataset=files,
        facts_path=str(services.export_facts(dataset=dataset, folder=context.workdir)),
        columns=list_columns(dataset, version),
        label_names=list_label_names(dataset.project, version),
    )
    result = run(spec, workdir=context.workdir, report=context.report, should_stop=context.should_stop)
    with context.recording():
        made, measured = services.record_profile(dataset=dataset, version=version, job=context.job, result=result)
    return {"profile": made.pk, "items": made.item_count, "measured": measured}


def materialize_items(dataset: Dataset, context: JobContext) -> DatasetFiles:
    """What is in now, and where its blobs lie."""
    manifest = services.export_items(dataset=dataset, folder=context.workdir)
    if dataset.item_kind == "image" and not isinstance(context.blobs, LocalBlobs):
        _fetch_pictures(manifest, context)
    return DatasetFiles(str(manifest), str(context.blob_dir))


def _fetch_pictures(manifest: Path, context: JobContext) -> None:
    with ThreadPoolExecutor(PARALLEL) as pool, pq.ParquetFile(manifest) as source:
        for batch in source.iter_batches(columns=["blob"], batch_size=10_000):
            digests = batch.column(0).drop_null().to_pylist()
            for _ in pool.map(lambda digest: context.blobs.fetch(digest, context.blob_dir), digests):
                if context.should_stop():
                    raise Canceled


def list_columns(dataset: Dataset, version: DatasetVersion | None = None) -> tuple[tuple[str, str], ...]:
    """(name, kind) of a table's features; of a version those there were when it was committed."""
    if version is not None:
        return read_settled(version).columns
    return tuple((column["name"], column["kind"]) for column in dataset.columns)


def list_label_names(project: Project, version: DatasetVersion | None) -> tuple[str, ...] | None:
    """The classes of which a label can name several, today's and the version's; None where it is one class, a number
    or a text."""
    schema = find_schema(project)
    if schema is None or get_problem_type(project.problem_type).label_kind in (LabelKind.CLASS, LabelKind.NUMBER):
        return None
    names = list_names(read_interface(project, schema))
    return None if names is None else tuple(dict.fromkeys([*names, *(version.classes if version else ())]))
