"""Looks at the files of a draft collection and records what they seem to be."""

from lifecycle.annotations.selectors import find_schema
from lifecycle.datasets import selectors, services
from workers.engines.ingest import preview as engine
from workers.materialize import materialize_uploads
from workers.runtime import JobContext, job_task


@job_task("inspect", queue="io")
def inspect(context: JobContext):
    collection = selectors.load_collection(context.spec["collection_id"])
    schema = find_schema(collection.dataset.project)
    paths = materialize_uploads(collection, context)
    spec = services.describe_ingest(collection=collection, paths=paths, classes=schema.classes if schema else ())
    preview = engine.inspect(spec, workdir=context.workdir, report=context.report, should_stop=context.should_stop)
    with context.recording():
        services.record_preview(collection=collection, preview=preview)
    return {"files": preview.files, "tables": preview.tables}
