"""Move one pipeline on as far as it goes now."""

from workers.runtime import JobContext, job_task


@job_task("pipeline", queue="io")
def pipeline(context: JobContext) -> dict:
    from lifecycle.pipelines import selectors, services

    with context.recording():
        moved = services.advance(pipeline=selectors.load_pipeline(context.spec["pipeline_run_id"]))
    return {"pipeline": moved.number, "state": moved.state}
