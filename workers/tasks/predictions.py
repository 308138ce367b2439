"""Reads a file of predictions into suggestions; a killed attempt is taken back and read anew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.models import SuggestionSource
from lifecycle.annotations.picture_addresses import find_by_name, find_of_tasks
from lifecycle.annotations.selectors import get_schema
from lifecycle.annotations.services import prediction_files as services
from lifecycle.annotations.services.external import get_interface
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.label_imports import Draft, LabelImportSpec, Rejected
from lifecycle.contracts.predictions import Bad, Row
from workers.engines import labels_import
from workers.engines.suggest import files, regions
from workers.runtime import JobContext, job_task

BATCH = 5_000
UNKNOWN = "No picture of this project is called so."


@job_task("predictions", queue="io")
def predictions(context: JobContext) -> dict[str, Any]:
    source = selectors.load_source(context.spec["source_id"])
    path = context.blobs.fetch(source.blob, context.blob_dir)
    with context.recording():
        services.restart(source=source, since=context.spec["since"])
    tally = services.Tally()
    if regions.holds_regions(path, source.file_name):
        read: Iterator[Any] = _draw(source, LabelImportSpec(str(path), source.file_name, get_interface(source.project)))
    else:
        read = files.read(path, source.file_name)
    for batch in _split(read):
        if context.should_stop():
            raise Canceled
        rows = [one for one in batch if isinstance(one, Row)]
        for one in batch:
            if isinstance(one, Bad):
                tally.refuse(one.line, one.reason)
        with context.recording():
            services.write_batch(source=source, rows=rows, tally=tally)
        context.report.progress(0.5, f"{tally.written:,} suggestions, {tally.unmatched:,} rows set aside")
    with context.recording():
        services.finish(source=source, tally=tally)
    return {"source": source.pk, "written": tally.written, "unmatched": tally.unmatched}


def _draw(source: SuggestionSource, spec: LabelImportSpec) -> Iterator[Row | Bad]:
    """Regions as results of the project's controls, whose pictures have to be known for that."""
    classes = get_schema(source.project).classes
    line = 0
    for batch in _split(regions.read(spec, classes)):
        drafts = [one for one in batch if isinstance(one, Draft)]
        yield from (Bad(one.place, one.reason) for one in batch if isinstance(one, Rejected))
        named, unclear = find_by_name(source.project, [one.picture for one in drafts if one.picture])
        numbered = find_of_tasks(source.project, [one.body["id"] for one in drafts if one.body])
        for draft in drafts:
            line += 1
            picture = numbered.get(draft.body["id"]) if draft.body else named.get(draft.picture)
            if picture is None:
                reason = f"It {unclear[draft.picture]}." if draft.picture in unclear else UNKNOWN
                yield Bad(draft.place, reason)
                continue
            result, problems = labels_import.build_result(
                spec.interface, draft.regions, picture.width or 0, picture.height or 0
            )
            yield from (Bad(draft.place, problem) for problem in problems)
            scores = [region.score for region in draft.regions if region.score is not None]
            if result:
                yield Row(line, source=picture.blob, result=result, score=sum(scores) / len(scores) if scores else None)


def _split(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
