"""Counts what the data card of a version says of rows that never change, so that whoever reads the card only reads."""

from lifecycle.datasets import selectors
from lifecycle.pipelines.card_history import count_history, keep_history
from workers.runtime import JobContext, job_task


@job_task("card", queue="io")
def card(context: JobContext):
    version = selectors.load_version(context.spec["version_id"])
    if version.history is None:
        history = count_history(version)
        with context.recording():
            keep_history(version, history)
    return {"version": version.number}
