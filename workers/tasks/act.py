"""Sends many items somewhere, or takes that back."""

from __future__ import annotations

from typing import Any

from lifecycle.exploration import selectors, services
from workers.runtime import JobContext, job_task


@job_task("act", queue="io")
def act(context: JobContext) -> dict[str, Any]:
    wanted = selectors.load_act(context.spec["act_id"])
    how: dict[str, Any] = {
        "recording": context.recording,
        "report": context.report.progress,
        "should_stop": context.should_stop,
    }
    if context.spec["undoes"]:
        return {"taken_back": services.run_undo(wanted, user=context.job.created_by, **how)}
    services.run_act(wanted, **how)
    return {"reached": wanted.reached, "changed": wanted.changed}
