"""Writes a dataset version in another tool's layout and keeps the file."""

from pathlib import Path

from lifecycle.datasets import selectors, services
from lifecycle.pipelines.datacards import write_data_card
from workers.engines import export as engine
from workers.runtime import JobContext, job_task


@job_task("export", queue="io")
def export(context: JobContext):
    row = selectors.load_export(context.spec["export_id"])
    spec = services.describe_export(export=row, card=write_data_card(row.version))
    result = engine.run(
        spec,
        workdir=context.workdir,
        report=context.report,
        should_stop=context.should_stop,
        open_blob=context.blobs.open,
        find_sources=selectors.find_sources,
    )
    context.report.progress(0.97, "Keeping the file")
    blob = services.store_export(result.path)
    for note in result.notes:
        context.report.log(note)
    with context.recording():
        services.record_export(export=row, result=result, blob=blob, byte_size=Path(result.path).stat().st_size)
    return {"export": row.pk, "items": result.items, "notes": list(result.notes)}
