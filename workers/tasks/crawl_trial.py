"""Tries one address before a crawl: what it would give."""

from __future__ import annotations

from lifecycle.crawls import selectors, services
from workers.engines.crawl.trial import run_trial
from workers.runtime import JobContext, job_task


@job_task("crawl_trial", queue="io")
def crawl_trial(context: JobContext) -> dict:
    trial = selectors.load_trial(context.spec["trial_id"])
    spec = services.load_trial_spec(trial)
    result = run_trial(spec, trial.url, workdir=context.workdir, report=context.report, should_stop=context.should_stop)
    with context.recording():
        services.record_trial(trial=trial, result=result)
    return {"items": result["item_count"], "links": result["link_count"], "state": result["state"]}
