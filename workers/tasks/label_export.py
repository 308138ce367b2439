"""Writes a project's labels, or another export of them, to a file."""

from lifecycle.annotations.models import LabelExport
from lifecycle.annotations.services import external_exports
from workers.runtime import JobContext, job_task


@job_task("label_export", queue="io")
def label_export(context: JobContext) -> dict:
    export = LabelExport.objects.select_related("project", "parent", "created_by").get(pk=context.spec["export_id"])
    path, count = external_exports.write_file(export=export, folder=context.workdir)
    blob = context.blobs.put_file(path)
    with context.recording():
        external_exports.record_export(export=export, path=path, blob=blob, count=count)
    return {"tasks": count, "bytes": path.stat().st_size}
