"""Tasks that were handed out before the ML backend that is shown said anything of them: it is asked about them now, as
Label Studio does when a task is opened. Nobody waits for it.

Those of the share that is shown without suggestions are asked about too: both arms are compared on what was suggested.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.models import SuggestionSource, Task
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job

MOST = 50  # tasks in one question
ASKED_ONCE_IN = timedelta(minutes=10)  # what it had nothing to say of, and what nobody took meanwhile
REST = timedelta(minutes=1)  # of a backend that failed
ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)


def ask_about_opened(*, source: SuggestionSource, user, tasks: Sequence[Task]) -> bool:
    """Have a worker ask the backend about those of these tasks that it said nothing of. Returns whether there is an
    answer to wait for.
    """
    said = selectors.list_suggestions(source).filter(task__in=tasks).values_list("task_id", flat=True)
    unsaid = {task.pk for task in tasks} - set(said)
    if source.kind != SuggestionSource.Kind.BACKEND or not unsaid:
        return False
    now = timezone.now()
    before = list(selectors.list_opened(source, since=now - ASKED_ONCE_IN))
    new = unsaid - {task for job in before for task in job.spec["task_ids"]}
    if new and not _is_resting(before, now):
        _ask(source, user, sorted(new)[:MOST])
        return True
    return any(job.state in ACTIVE and not unsaid.isdisjoint(job.spec["task_ids"]) for job in before)


def _is_resting(before: Sequence[Job], now: datetime) -> bool:
    failed = [job.finished_at for job in before if job.state == Job.State.FAILED and job.finished_at]
    return bool(failed) and max(failed) > now - REST


def _ask(source: SuggestionSource, user, task_ids: Sequence[int]) -> None:
    jobs.enqueue(
        kind="ml_backend",
        title=f"Ask {source.title} about what is opened",
        spec={"source_id": source.pk, "action": "open", "task_ids": list(task_ids)},
        project=source.project,
        created_by=user,
        subject_type="suggestion_source",
        subject_id=source.pk,
        max_attempts=1,
    )
