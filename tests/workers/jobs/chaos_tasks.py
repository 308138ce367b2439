"""A slow job for the tests that kill: counts to n, one row of log a step, in a real worker with short leases."""

from __future__ import annotations

import os
import time

from lifecycle.contracts.jobs import JOB_QUEUES
from lifecycle.jobs import rules

rules.LEASE_SECONDS = 3
rules.HEARTBEAT_SECONDS = 0.5
rules.REPUBLISH_SECONDS = 1
rules.CANCEL_GRACE_SECONDS = 3
rules.SILENCE_SECONDS = 2
JOB_QUEUES["test_sleep"] = "io"

from lifecycle.contracts.engine import Canceled  # noqa: E402  (the rules above must be set first)
from workers.runtime import JobContext, job_task  # noqa: E402


@job_task("test_sleep", queue="io")
def count(context: JobContext) -> dict:
    """Spec: steps, step_seconds, is_deaf (ignores a cancel)."""
    progress_file = context.workdir / "done"
    start = int(progress_file.read_text()) if progress_file.exists() else 0
    for step in range(start, context.spec["steps"]):
        if context.should_stop() and not context.spec.get("is_deaf"):
            raise Canceled
        time.sleep(context.spec["step_seconds"])
        progress_file.write_text(str(step + 1))
        context.report.progress((step + 1) / context.spec["steps"], f"step {step + 1}")
    with context.recording() as job:
        job.message = f"recorded by {os.getpid()}"
        job.save(update_fields=["message"])
    return {"pid": os.getpid(), "started_from": start}
