"""Reads a source: engine run under its contract, parts into rows, rows bound to their items, labels."""

from contextlib import closing

from lifecycle.annotations.selectors import find_schema
from lifecycle.sources import selectors, services
from workers.collecting import carry_on
from workers.engines.collect import run as engine
from workers.materialize import BatchWriter, materialize_uploads
from workers.runtime import JobContext, job_task


@job_task("collect", queue="io")
def collect(context: JobContext):
    run = selectors.load_run(context.spec["collection_id"])
    schema = find_schema(run.source.dataset.project)
    spec = services.describe_collect(
        source=run.source,
        run=run,
        classes=schema.classes if schema else (),
        folder=context.workdir,
        paths=materialize_uploads(run.collection, context),
    )
    with closing(BatchWriter(context.blobs)) as put_blobs:
        result = engine.run(
            spec, workdir=context.workdir, report=context.report, should_stop=context.should_stop, put_blobs=put_blobs
        )
    return carry_on(context, run, result)
