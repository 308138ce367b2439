"""The second half of an import: an engine's parts into rows and labels, step by fenced step."""

from __future__ import annotations

from pathlib import Path

from lifecycle.annotations import services as labelling
from lifecycle.annotations.services import adopt
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.ingest import IngestResult
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Collection
from lifecycle.exploration import services as exploration
from lifecycle.exploration.rules import DISPUTED
from workers.engines.ingest.fingerprints import find_near
from workers.runtime import JobContext

MOST_DIFFERING = 100_000  # content hashes kept in memory


def load_parts(context: JobContext, collection: Collection, result: IngestResult) -> set[str] | None:
    """Each part in a transaction of its own: a killed attempt costs one part, and no item comes twice.

    Returns the content hashes of which a row says another label than what is there; None where they are not known,
    since an earlier attempt brought some parts in, or too many to keep.
    """
    project = collection.dataset.project
    classes = services.list_classes(result, dataset=collection.dataset)
    if classes:
        with context.recording():
            labelling.extend_classes(project=project, names=classes, created_by=collection.created_by)
    differing: set[str] | None = set()
    known = services.KnownPrints()
    for number, path in enumerate(result.parts):
        _stop_if_told(context)
        with context.recording():
            found = load_one(collection, number, path, known)
        if found is None or differing is None or len(differing) > MOST_DIFFERING:
            differing = None
        else:
            differing.update(found)
        context.report.progress((number + 1) / len(result.parts), f"Stored part {number + 1} of {len(result.parts)}")
    return differing


def load_one(
    collection: Collection, number: int, path: str | Path, known: services.KnownPrints | None = None
) -> list[str] | None:
    """One part with its labels and tasks, within the caller's transaction. Returns the content hashes of which a row
    says another label than what is there; None when the part was in already."""
    project = collection.dataset.project
    labels = services.LabelWriter(
        read_values=lambda found: adopt.read_values(project=project, labels=found), table=adopt.ANNOTATION_TABLE
    )
    part = services.load_part(
        collection=collection, number=number, path=path, labels=labels, find_near=find_near, known=known
    )
    if part is None:
        return None
    count = adopt.adopt_labels(collection=collection, items=part.items)
    services.add_labeled(collection=collection, count=count)
    return part.differing


def load_labels(
    context: JobContext, collection: Collection, result: IngestResult, differing: set[str] | None = None
) -> None:
    """Labels for items that were there before, or that came twice: new or different ones become annotations.

    `differing` is what `load_parts` found; without it every row is looked at. Repeating it changes nothing.
    """
    collection = selectors.load_collection(collection.pk)
    if not collection.labels_differ:
        return
    _note_disputed(context, collection, result, differing)
    for batch in services.pick_labels(result.parts, spill_folder=context.workdir, only=differing):
        _stop_if_told(context)
        with context.recording():
            found = services.find_new_labels(collection=collection, labels=batch)
            outcome = labelling.record_imported_labels(collection=collection, labels=found)
            labeled = services.add_labeled(collection=collection, count=outcome.recorded)
        context.report.progress(1.0, f"{labeled:,} labels recorded")


def _note_disputed(
    context: JobContext, collection: Collection, result: IngestResult, differing: set[str] | None
) -> None:
    """Items that this import gives different labels: the last one counts, and people are told which they are."""
    hashes = services.list_disputed(result.parts, spill_folder=context.workdir, only=differing)
    if not hashes:
        return
    with context.recording():
        ids = services.note_disputed(collection=collection, hashes=hashes)
        exploration.tag_items(dataset=collection.dataset, user=collection.created_by, name=DISPUTED, item_ids=ids)
    context.report.log(f"{len(ids):,} items came with different labels. The last of each counts; tagged “{DISPUTED}”.")


def load_event_times(context: JobContext, collection: Collection, result: IngestResult) -> None:
    """Moments of items that were there before, where an import says other ones. Repeating it changes nothing."""
    collection = selectors.load_collection(collection.pk)
    if not collection.event_times_differ:
        return
    for batch in services.pick_event_times(result.parts, spill_folder=context.workdir):
        _stop_if_told(context)
        with context.recording():
            changed = services.update_event_times(collection=collection, times=batch)
        if changed:
            context.report.log(f"{changed:,} items that were there have another date now.")


def load_batch_labels(
    collection: Collection, path: str | Path, differing: list[str] | None, *, spill_folder: str | Path
) -> None:
    """What `load_labels` does, for one part and within the caller's transaction; `differing` is `load_one`'s answer."""
    if not differing:
        return
    for batch in services.pick_labels((str(path),), spill_folder=spill_folder, only=set(differing)):
        found = services.find_new_labels(collection=collection, labels=batch)
        outcome = labelling.record_imported_labels(collection=collection, labels=found)
        services.add_labeled(collection=collection, count=outcome.recorded)


def load_batch_event_times(collection: Collection, path: str | Path, *, spill_folder: str | Path) -> None:
    """What `load_event_times` does, for one part and within the caller's transaction."""
    for batch in services.pick_event_times((str(path),), spill_folder=spill_folder):
        services.update_event_times(collection=collection, times=batch)


def _stop_if_told(context: JobContext) -> None:
    if context.should_stop():
        raise Canceled


def refresh_statistics() -> None:
    """After an import, outside a transaction: what is asked next is planned for as many rows as there are now."""
    services.refresh_statistics()
    labelling.refresh_statistics()
