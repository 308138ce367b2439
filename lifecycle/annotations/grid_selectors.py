"""Reads of grid mode."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.annotations.models import Lease
from lifecycle.projects.models import Project


def list_lent_items(project: Project, user, task_ids: Sequence[int]) -> dict[int, int]:
    """{task id: item id} of those tasks that were lent to this person, in the order asked for."""
    leases = Lease.objects.filter(user=user, task__in=task_ids, task__dataset__project=project)
    items = dict(leases.values_list("task_id", "task__item_id"))
    return {task_id: items[task_id] for task_id in task_ids if task_id in items}
