"""Looks at a source and records what it would give."""

from lifecycle.annotations.selectors import find_schema
from lifecycle.sources import selectors, services
from workers.engines.collect import preview as engine
from workers.runtime import JobContext, job_task


@job_task("preview", queue="io")
def preview(context: JobContext):
    source = selectors.load_source(context.spec["source_id"])
    schema = find_schema(source.dataset.project)
    classes = schema.classes if schema else ()
    spec = services.describe_collect(source=source, run=None, classes=classes, folder=context.workdir)
    found = engine.preview(spec, workdir=context.workdir, report=context.report, should_stop=context.should_stop)
    with context.recording():
        services.record_preview(source=source, preview=found)
    return {"rows": len(found.rows), "files": found.file_count}
