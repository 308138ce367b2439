"""Send what was skipped back to the queue, many at once, by the reason people gave."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.annotations.models import Task
from lifecycle.annotations.services.reopening import reopen
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

AT_ONCE = 1_000  # each has its skip taken back and is counted anew: about a second


def reopen_skipped(*, project: Project, actor, reasons: Sequence[str]) -> tuple[int, bool]:
    """Take the skips of these reasons back; returns how many tasks, and whether there are more of them."""
    skipped = Task.objects.filter(dataset__project=project, state=Task.State.SKIPPED, skip_reason__in=list(reasons))
    ids = list(skipped.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
    count = reopen(project=project, actor=actor, task_ids=ids[:AT_ONCE])
    if count:
        said = ", ".join(f"“{reason}”" if reason else "no reason" for reason in reasons)
        summary = f"{count:,} skipped tasks are back in the queue ({said[:200]})"
        record_event(project=project, actor=actor, verb="tasks.reopened", summary=summary)
    return count, len(ids) > AT_ONCE
