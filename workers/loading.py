"""The second half of an import: an engine's parts into rows and labels, step by fenced step."""

from __future__ import annotations

from pathlib import Path

from lifecycle.annotations import services as labelling
from lifecycle.annotations.services import adopt
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.ingest import IngestResult
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Collection
from workers.engines.ingest.fingerprints import find_near
from workers.runtime import JobContext


def load_parts(context: JobContext, collection: Collection, result: IngestResult) -> None:
    """Each part in a transaction of its own: a killed attempt costs one part, and no item comes twice."""
    project = collection.dataset.project
    classes = services.list_classes(result, dataset=collection.dataset)
    if classes:
        with context.recording():
            labelling.extend_classes(project=project, names=classes, created_by=collection.created_by)
    for number, path in enumerate(result.parts):
        _stop_if_told(context)
        with context.recording():
            load_one(collection, number, path)
        context.report.progress((number + 1) / len(result.parts), f"Stored part {number + 1} of {len(result.parts)}")


def load_one(collection: Collection, number: int, path: str | Path) -> None:
    """One part with its labels and tasks, within the caller's transaction."""
    project = collection.dataset.project
    labels = services.LabelWriter(
        read_values=lambda found: adopt.read_values(project=project, labels=found), table=adopt.ANNOTATION_TABLE
    )
    part = services.load_part(collection=collection, number=number, path=path, labels=labels, find_near=find_near)
    if part:
        count = adopt.adopt_labels(collection=collection, items=part.items)
        services.add_labeled(collection=collection, count=count)


def load_labels(context: JobContext, collection: Collection, result: IngestResult) -> None:
    """Labels for items that were there before, or that came twice: new or different ones become annotations.

    Repeating it changes nothing.
    """
    collection = selectors.load_collection(collection.pk)
    if not collection.labels_differ:
        return
    for batch in services.pick_labels(result.parts, spill_folder=context.workdir):
        _stop_if_told(context)
        with context.recording():
            found = services.find_new_labels(collection=collection, labels=batch)
            outcome = labelling.record_imported_labels(collection=collection, labels=found)
            labeled = services.add_labeled(collection=collection, count=outcome.recorded)
        context.report.progress(1.0, f"{labeled:,} labels recorded")


def _stop_if_told(context: JobContext) -> None:
    if context.should_stop():
        raise Canceled
