"""The second half of a source's run: parts into items, rows bound to them, labels, counts; each step fenced."""

from __future__ import annotations

from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.ingest import IngestResult
from lifecycle.contracts.sources import CollectResult
from lifecycle.sources import services
from lifecycle.sources.models import SourceRun
from workers.crops import IMPORT_SECONDS, find_crops
from workers.loading import load_event_times, load_labels, load_parts, refresh_statistics
from workers.runtime import JobContext


def carry_on(context: JobContext, run: SourceRun, result: CollectResult) -> dict[str, int]:
    """Store what the engine brought; the counts of the run."""
    with context.recording():
        services.begin_loading(run=run, token=result.token)
    run.collection.refresh_from_db()
    imported = _place(context, run, result)
    differing = load_parts(context, run.collection, imported)
    run.collection.refresh_from_db()
    for number, (part, keys) in enumerate(zip(imported.parts, result.keys, strict=True)):
        if context.should_stop():
            raise Canceled
        with context.recording():
            services.bind_rows(run=run, part=part, keys=keys)
        context.report.progress(1.0, f"Rows of part {number + 1} of {len(result.keys)} bound")
    load_labels(context, run.collection, imported, differing)
    load_event_times(context, run.collection, imported)
    find_crops(context, run.collection.dataset, seconds=IMPORT_SECONDS)
    with context.recording():
        collection = services.finish_run(run=run, result=result)
    refresh_statistics()
    run.refresh_from_db()
    counts = {name: getattr(collection, name) for name in ("accepted", "duplicates", "rejected", "labeled")}
    return {"read": run.read, "updated": run.updated, **counts}


def _place(context: JobContext, run: SourceRun, result: CollectResult) -> IngestResult:
    """Parts in which a changed row keeps its split, and the classes that they name."""
    folder = context.workdir / "collect" / "placed"
    parts = [
        services.place_part(run=run, part=part, keys=keys, folder=folder)
        for part, keys in zip(result.parts, result.keys, strict=True)
    ]
    return IngestResult(
        parts=tuple(parts),
        accepted=result.accepted,
        rejected=result.rejected,
        rejects_path=result.rejects_path,
        classes=result.classes,
    )
