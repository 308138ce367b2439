"""Give tasks to people as a rule says."""

from typing import Any

from django.http import QueryDict

from lifecycle.annotations import queue_selectors
from lifecycle.annotations.services import assignment
from lifecycle.datasets.filters import ItemFilters
from lifecycle.exploration.selectors.gallery import filter_items
from workers.runtime import JobContext, job_task


@job_task("assign", queue="io")
def assign(context: JobContext) -> dict[str, Any]:
    rule = queue_selectors.load_rule(context.spec["rule_id"])
    filters = ItemFilters.from_query(QueryDict(rule.query).dict())
    items = filter_items(rule.project, filters) if filters.is_narrowed else None
    tasks = queue_selectors.list_unassigned(rule.project, items=items, guess=rule.guess)
    with context.recording():
        made = assignment.record_rule(rule=rule, task_ids=tasks)
    return {"rule": rule.pk, "tasks": len(tasks), "assigned": made}
