"""Imports the files of a collection: engine run, parts into rows, labels through the annotations room."""

from contextlib import closing

from lifecycle.annotations.selectors import find_schema
from lifecycle.datasets import selectors, services
from workers.crops import IMPORT_SECONDS, find_crops
from workers.engines.ingest import run as engine
from workers.loading import load_event_times, load_labels, load_parts, refresh_statistics
from workers.materialize import BatchWriter, materialize_uploads
from workers.runtime import JobContext, job_task


@job_task("ingest", queue="io")
def ingest(context: JobContext):
    collection = selectors.load_collection(context.spec["collection_id"])
    schema = find_schema(collection.dataset.project)
    paths = materialize_uploads(collection, context)
    spec = services.describe_ingest(collection=collection, paths=paths, classes=schema.classes if schema else ())
    with closing(BatchWriter(context.blobs)) as put_blobs:
        result = engine.run(
            spec, workdir=context.workdir, report=context.report, should_stop=context.should_stop, put_blobs=put_blobs
        )
    differing = load_parts(context, collection, result)
    load_labels(context, collection, result, differing)
    load_event_times(context, collection, result)
    find_crops(context, collection.dataset, seconds=IMPORT_SECONDS)
    with context.recording():
        collection = services.finish_collection(collection=collection, result=result)
    refresh_statistics()
    return {name: getattr(collection, name) for name in ("accepted", "duplicates", "rejected", "labeled")}
