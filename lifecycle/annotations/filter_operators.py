"""What a filter of Label Studio's task list asks of one column: its operator and its value, as a condition."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

MAX_PATTERN_CHARS = 200
NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?\s*$"  # texts that Postgres reads as numbers
_COMPARED = {"equal": "exact", "greater": "gt", "less": "lt", "greater_or_equal": "gte", "less_or_equal": "lte"}
_SOME = {("greater", 0), ("greater_or_equal", 1), ("not_equal", 0)}
_NONE = {("equal", 0), ("less", 1), ("less_or_equal", 0)}
_TRUE = ("true", "1", "yes", "on")


@dataclass(frozen=True)
class Asked:
    """One filter: Label Studio's name of the column, its operator, the type it gives to the value, and the value."""

    column: str
    operator: str
    type: str
    value: Any

    @property
    def refusal(self) -> str:
        return f"Tasks cannot be filtered by {self.column[:60]} with {self.operator[:30]}."

    @property
    def flag(self) -> bool:
        return str(self.value).lower() in _TRUE

    @property
    def is_text(self) -> bool:
        return self.column.startswith("data.") and self.type != "Number"

    @property
    def values(self) -> list[Any]:
        return list(self.value) if isinstance(self.value, list) else [self.value]

    @property
    def wants_any(self) -> bool | None:
        """Of a count: whether there shall be any, or none (False); None where it asks how many."""
        if self.operator == "empty":
            return not self.flag
        asked = (self.operator, self.value if isinstance(self.value, int | float) else None)
        return True if asked in _SOME else False if asked in _NONE else None

    def turn(self, condition: Q, is_meant: bool) -> Q:
        return condition if is_meant else ~condition

    def read(self, value: Any) -> Any:
        """A value of the filter as what the column holds: a text, a time or a number; ValueError."""
        if self.is_text:
            return str(value)
        if self.column.endswith("_at"):
            at = datetime.fromisoformat(str(value))
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(self.refusal)
        return number


def compare(name: str, asked: Asked) -> Q:
    """The condition on the annotation `name` of a query; ValueError for what cannot be asked of such a column.

    What has no value is not equal to anything and contains nothing.
    """
    operator, is_not = asked.operator.removeprefix("not_"), asked.operator.startswith("not_")
    if operator == "empty" and not is_not:
        return asked.turn(_find_empty(name, asked), asked.flag)
    if operator == "in":
        condition = _find_between(name, asked)
    elif operator == "in_list":
        condition = Q(**{f"{name}__in": [asked.read(value) for value in asked.values]})
    elif operator in ("contains", "regex") and asked.is_text:
        condition = _find_text(name, operator, asked)
    elif operator in _COMPARED and (operator == "equal" or not is_not):
        condition = Q(**{f"{name}__{_COMPARED[operator]}": asked.read(asked.value)})
    else:
        raise ValueError(asked.refusal)
    return Q(**{f"{name}__isnull": True}) | ~condition if is_not else condition


def _find_empty(name: str, asked: Asked) -> Q:
    empty = Q(**{f"{name}__isnull": True})
    if asked.is_text:
        return empty | Q(**{name: ""})
    return empty | Q(**{name: 0}) if asked.column.startswith(("total_", "cancelled_")) else empty


def _find_between(name: str, asked: Asked) -> Q:
    if not isinstance(asked.value, Mapping):
        raise ValueError(asked.refusal)
    ends = {"gte": asked.value.get("min"), "lte": asked.value.get("max")}
    return Q(**{f"{name}__{end}": asked.read(value) for end, value in ends.items() if value is not None})


def _find_text(name: str, operator: str, asked: Asked) -> Q:
    pattern = str(asked.value)
    if operator == "contains":
        return Q(**{f"{name}__icontains": pattern})
    if len(pattern) > MAX_PATTERN_CHARS:
        raise ValueError(f"A pattern has at most {MAX_PATTERN_CHARS} characters.")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"The pattern cannot be read: {error}.") from None
    return Q(**{f"{name}__regex": pattern})
