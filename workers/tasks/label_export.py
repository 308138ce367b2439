"""Writes a project's labels, or an earlier export of them, in another tool's layout."""

from pathlib import Path

from lifecycle.annotations import exports
from lifecycle.annotations.models import LabelExport
from lifecycle.annotations.services import external_exports
from workers.engines import labels_export as engine
from workers.runtime import JobContext, job_task


@job_task("label_export", queue="io")
def label_export(context: JobContext) -> dict:
    export = LabelExport.objects.select_related("project", "parent", "created_by").get(pk=context.spec["export_id"])
    result = engine.run(
        exports.describe(export),
        external_exports.read_tasks(export=export, folder=context.workdir),
        workdir=context.workdir,
        report=context.report,
        should_stop=context.should_stop,
        open_blob=context.blobs.open,
    )
    path = Path(result.path)
    blob = context.blobs.put_file(path)
    for note in result.notes:
        context.report.log(note)
    with context.recording():
        external_exports.record_export(export=export, path=path, blob=blob, count=result.tasks)
    return {"tasks": result.tasks, "bytes": path.stat().st_size, "notes": list(result.notes)}
