"""Kinds of jobs, the queue each waits in, and the name its message carries."""

from __future__ import annotations

TASK_PREFIX = "gristmill."

# kind -> queue. A contract test holds this equal to the tasks in workers/tasks.
JOB_QUEUES: dict[str, str] = {
    "inspect": "io",
    "ingest": "io",
    "collect": "io",
    "preview": "io",
    "crawl": "io",
    "crawl_trial": "io",
    "version": "io",
    "card": "io",
    "export": "io",
    "restore": "io",
    "relabel": "io",
    "profile": "io",
    "findings": "cpu",
    "act": "io",
    "catch_up": "io",
    "train": "cpu",
    "evaluate": "cpu",
    "embed": "cpu",
    "map": "cpu",
    "search": "io",
    "pipeline": "io",
    "drift": "io",
    "label_export": "io",
    "label_import": "io",
    "agreement": "cpu",
    "consensus": "cpu",
    "rank": "cpu",
    "assign": "io",
    "webhook": "io",
    "suggest": "cpu",
    "predictions": "io",
    "ml_backend": "io",
    "mail": "io",
    "housekeeping": "io",
}

QUEUES = ("io", "cpu", "gpu")


def task_name(kind: str) -> str:
    return TASK_PREFIX + kind
