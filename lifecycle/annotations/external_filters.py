"""Label Studio's `query` of a task list: filters, an order and ticked tasks, as far as a caller's role may ask.

Below a reviewer every column is about one's own answers, times are those of the item, and there are no predictions:
what others did is not to be found out by a filter either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Case, Count, Exists, F, FloatField, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce

from lifecycle.annotations.filter_operators import NUMBER, Asked, compare
from lifecycle.annotations.label_studio import Interface, get_item_kind, get_variable
from lifecycle.annotations.models import Annotation, Suggestion, Task
from lifecycle.annotations.services.external import get_interface
from lifecycle.contracts.problems import ItemKind
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

ORDERED_BY = ("id", "inner_id", "created_at", "updated_at", "completed_at", "total_annotations",
              "cancelled_annotations", "total_predictions", "predictions_score")  # fmt: skip
_GIVEN = (Annotation.Kind.ANSWER, Annotation.Kind.GOLD)
_EXISTING = ("annotators", "annotations_results", "predictions_results", "predictions_model_versions", "ground_truth")


def filter_tasks(project: Project, tasks: QuerySet[Task], query: str, user, *, role: str) -> QuerySet[Task]:
    """The tasks that Label Studio's `query` means; ValueError, with a sentence, for what cannot be asked."""
    asked = json.loads(query)
    if not isinstance(asked, Mapping):
        raise ValueError("query must be an object.")
    columns = _Columns(project, user, is_allowed(role, "reviewer"))
    chosen = asked.get("selectedItems") or {}
    if chosen.get("all") is False:
        tasks = tasks.filter(pk__in=chosen.get("included") or [])
    elif chosen.get("excluded"):
        tasks = tasks.exclude(pk__in=chosen["excluded"])
    filters = asked.get("filters") or {}
    wanted = [columns.read_filter(one) for one in filters.get("items") or []]
    if wanted:
        joined = wanted[0]
        for one in wanted[1:]:
            joined = joined | one if filters.get("conjunction") == "or" else joined & one
        tasks = tasks.annotate(**columns.used).filter(joined)
    ordering = [columns.read_ordering(name) for name in asked.get("ordering") or []]
    return tasks.order_by(*ordering, "pk") if ordering else tasks


class _Columns:
    """What the columns of Label Studio's task list are here, for one caller; `used` are those that were asked for."""

    def __init__(self, project: Project, user, sees_all: bool):
        self._project, self._sees_all, self._interface = project, sees_all, get_interface(project)
        self._answers = Annotation.objects.filter(task=OuterRef("pk"), is_current=True)
        if not sees_all:
            self._answers = self._answers.filter(user=user)
        found = Suggestion.objects.filter(task=OuterRef("pk"))
        self._predictions = found if sees_all else found.none()
        self._counted: dict[str, QuerySet[Any]] = {
            "total_annotations": self._answers.filter(kind__in=_GIVEN),
            "cancelled_annotations": self._answers.filter(kind=Annotation.Kind.SKIP),
            "total_predictions": self._predictions,
        }
        self.used: dict[str, BaseExpression | Combinable] = {}

    def read_filter(self, one: Mapping[str, Any]) -> Q:
        column = str(one.get("filter", "")).removeprefix("filter:tasks:")
        asked = Asked(column, str(one.get("operator")), str(one.get("type") or "Unknown"), one.get("value"))
        if column in _EXISTING:
            return self._read_existing(asked)
        if column in self._counted and asked.wants_any is not None:
            return asked.turn(Q(Exists(self._counted[column])), asked.wants_any)
        if column.startswith("data."):
            said = _find_cell(self._interface, column.removeprefix("data."))
        else:
            said = self._find_column(column)
        if said is None:
            raise ValueError(asked.refusal)
        name = f"asked_{len(self.used)}"
        self.used[name] = said
        if column.startswith("data.") and not asked.is_text:
            self.used[f"{name}_number"] = Case(When(Q(**{f"{name}__regex": NUMBER}), then=Cast(F(name), FloatField())))
            return compare(f"{name}_number", asked)
        return compare(name, asked)

    def read_ordering(self, name: Any) -> Any:
        column = str(name).lstrip("-").removeprefix("tasks:").lstrip("-")
        if column.startswith("data."):
            said = _find_cell(self._interface, column.removeprefix("data."))
        else:
            said = self._find_column(column) if column in ORDERED_BY else None
        if said is None:
            raise ValueError(f"Tasks cannot be ordered by {column[:60]}.")
        is_down = str(name).removeprefix("tasks:").startswith("-")
        return said.desc(nulls_last=True) if is_down else said.asc(nulls_last=True)

    def _find_column(self, column: str) -> Any:
        times = "updated_at" if self._sees_all else "item__created_at"
        own: dict[str, Any] = {
            "id": F("pk"),
            "inner_id": F("pk"),
            "created_at": F("item__created_at"),
            "updated_at": F(times),
            **{name: _count(rows) for name, rows in self._counted.items()},
            "predictions_score": Subquery(self._predictions.order_by("-pk").values("score")[:1]),
            "completed_at": Subquery(
                self._answers.filter(kind__in=_GIVEN).order_by("-created_at").values("created_at")[:1]
            ),
        }
        return own.get(column)

    def _read_existing(self, asked: Asked) -> Q:
        """A column that holds what several answers or predictions say."""
        rows: QuerySet[Any]
        given = self._answers.filter(kind__in=_GIVEN)
        if asked.column == "ground_truth":
            marked = Exists(given.filter(external__ground_truth=True))
            return asked.turn(Q(marked), asked.flag)
        rows, field = (given, "result") if asked.column == "annotations_results" else (self._predictions, "result")
        if asked.column == "annotators":
            rows, field = given, "user"
        elif asked.column == "predictions_model_versions":
            field = "model_version"
        if asked.operator == "empty":
            return asked.turn(~Q(Exists(rows)), asked.flag)
        if asked.operator.removeprefix("not_") not in ("contains", "equal", "in_list"):
            raise ValueError(asked.refusal)
        if field == "result":
            rows = rows.annotate(said=Cast("result", TextField()))
            meant = [Q(said__icontains=_as_json(text)) for text in asked.values]
        elif field == "user":
            meant = [Q(user=int(value)) for value in asked.values]
        else:
            meant = [Q(model_version__contains=str(value)) for value in asked.values]
        either = meant[0] if meant else Q(pk=0)
        for one in meant[1:]:
            either |= one
        return asked.turn(Q(Exists(rows.filter(either))), not asked.operator.startswith("not_"))


def _count(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("task").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _as_json(text: Any) -> str:
    """A text as it stands in JSON that Postgres wrote."""
    return json.dumps(str(text), ensure_ascii=False)[1:-1]


def _find_cell(interface: Interface, name: str) -> Any:
    """What a task's data say under `name`, as text; a picture's is where it came from."""
    kind = get_item_kind(interface)
    kept = KeyTextTransform(name, KeyTransform("data", "external"))
    is_main = name == get_variable(interface)
    if kind == ItemKind.IMAGE and is_main:
        return Coalesce(kept, "item__source_uri", "item__blob", Value(""), output_field=TextField())
    if kind == ItemKind.ROW:
        return Coalesce(kept, KeyTextTransform(name, "item__row"), output_field=TextField())
    return Cast("item__text", TextField()) if is_main else Cast(kept, TextField())
