"""Label Studio's `query` of a task list: filters, an order and ticked tasks, as far as a caller's role may ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from lifecycle.annotations.models import Annotation, Task
from lifecycle.projects.rules import is_allowed

ORDERED_BY = ("id", "created_at", "updated_at", "completed_at")
_COLUMNS = {"id": "pk", "inner_id": "pk", "total_annotations": "answers", "updated_at": "updated_at",
            "created_at": "item__created_at", "completed_at": "updated_at"}  # fmt: skip
_OWN_COLUMNS = _COLUMNS | {
    "total_annotations": "own_answers",
    "updated_at": "item__created_at",
    "completed_at": "item__created_at",
}
_OPERATORS = {"equal": "", "greater": "__gt", "less": "__lt", "greater_or_equal": "__gte", "less_or_equal": "__lte"}
_GIVEN = (Annotation.Kind.ANSWER, Annotation.Kind.GOLD)


def filter_tasks(tasks: QuerySet[Task], query: str, user, *, role: str) -> QuerySet[Task]:
    """Label Studio's `query` of a task list, as far as it is about ids, counts, times and texts; ValueError else.

    Below a reviewer the counts are of one's own answers, and the times are those of the item: what others did is not to
    be found out by a filter either.
    """
    columns = _COLUMNS
    if not is_allowed(role, "reviewer"):
        columns = _OWN_COLUMNS
        own = Annotation.objects.filter(task=OuterRef("pk"), user=user, is_current=True, kind__in=_GIVEN)
        counted = own.order_by().values("task").annotate(n=Count("pk")).values("n")
        tasks = tasks.annotate(own_answers=Coalesce(Subquery(counted), 0))
    asked = json.loads(query)
    if not isinstance(asked, Mapping):
        raise ValueError("query must be an object.")
    chosen = asked.get("selectedItems") or {}
    if chosen.get("all") is False:
        tasks = tasks.filter(pk__in=chosen.get("included") or [])
    elif chosen.get("excluded"):
        tasks = tasks.exclude(pk__in=chosen["excluded"])
    filters = asked.get("filters") or {}
    wanted = [_read_filter(one, columns) for one in filters.get("items") or []]
    if wanted:
        joined = wanted[0]
        for one in wanted[1:]:
            joined = joined | one if filters.get("conjunction") == "or" else joined & one
        tasks = tasks.filter(joined)
    ordering = [_read_ordering(name, columns) for name in asked.get("ordering") or []]
    return tasks.order_by(*ordering, "pk") if ordering else tasks


def _read_filter(one: Mapping[str, Any], columns: Mapping[str, str]) -> Q:
    column = str(one.get("filter", "")).removeprefix("filter:tasks:")
    operator, value = one.get("operator"), one.get("value")
    if column.startswith("data.") and operator in ("contains", "equal"):
        return Q(item__text__icontains=value) if operator == "contains" else Q(item__text=value)
    if column in columns and operator in _OPERATORS:
        return Q(**{f"{columns[column]}{_OPERATORS[operator]}": value})
    if column in columns and operator == "in" and isinstance(value, Mapping):
        return Q(**{f"{columns[column]}__gte": value.get("min"), f"{columns[column]}__lte": value.get("max")})
    raise ValueError(f"Tasks cannot be filtered by {column[:60]} with {str(operator)[:30]}.")


def _read_ordering(name: Any, columns: Mapping[str, str]) -> str:
    sign = "-" if str(name).startswith("-") else ""
    column = str(name).lstrip("-").removeprefix("tasks:").lstrip("-")
    if column not in ORDERED_BY:
        raise ValueError(f"Tasks cannot be ordered by {column[:60]}.")
    return sign + columns[column]
