"""Reads a file of predictions into suggestions; a killed attempt is taken back and read anew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.services import prediction_files as services
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.predictions import Bad, Row
from workers.engines.suggest import files
from workers.runtime import JobContext, job_task

BATCH = 5_000


@job_task("predictions", queue="io")
def predictions(context: JobContext) -> dict[str, Any]:
    source = selectors.load_source(context.spec["source_id"])
    path = context.blobs.fetch(source.blob, context.blob_dir)
    with context.recording():
        services.restart(source=source, since=context.spec["since"])
    tally = services.Tally()
    for batch in _split(files.read(path, source.file_name)):
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


def _split(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
