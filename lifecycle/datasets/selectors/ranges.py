"""Items whose measures or columns lie between two bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import F, FloatField, Func, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast, Length, NullIf

from lifecycle.datasets.filters import COLUMN_PREFIX, ItemFilters, read_number
from lifecycle.datasets.models import Item

MEASURES: dict[str, Any] = {
    "length": Length("text"),
    "width": F("width"),
    "height": F("height"),
    "bytes": F("byte_size"),
    "aspect": Cast("width", FloatField()) / NullIf(Cast("height", FloatField()), Value(0.0)),
    "time": F("created_at"),
    "date": F("event_time"),
}


def narrow_ranges(items: QuerySet[Item], filters: ItemFilters, *, has_numbers: bool) -> QuerySet[Item]:
    """The items within every range of the filters; `has_numbers` says whether labels are numbers."""
    for place, (name, low, high) in enumerate(filters.ranges):
        if name.startswith(COLUMN_PREFIX):
            items = _narrow_column(items, f"range_{place}", name.removeprefix(COLUMN_PREFIX), low, high)
        elif name == "label" and has_numbers:
            numbers = Cast("label", FloatField())
            items = _narrow(
                items.filter(label__isnull=False), f"range_{place}", numbers, *map(read_number, (low, high))
            )
        elif name in MEASURES:
            read = _read_time if name in ("time", "date") else read_number
            items = _narrow(items, f"range_{place}", MEASURES[name], read(low), read(high))
    return items


def _narrow(items: QuerySet[Item], alias: str, expression: Any, low: Any, high: Any) -> QuerySet[Item]:
    items = items.alias(**{alias: expression})
    if low is not None:
        items = items.filter(**{f"{alias}__gte": low})
    return items.filter(**{f"{alias}__lt": high}) if high is not None else items


def _narrow_column(items: QuerySet[Item], alias: str, column: str, low: str, high: str) -> QuerySet[Item]:
    """JSON numbers by size where the bounds are numbers, else texts by their order, as ISO dates are."""
    numbers = [read_number(bound) for bound in (low, high) if bound]
    is_number = None not in numbers
    kind = Func(KeyTransform(column, "row"), function="jsonb_typeof", output_field=TextField())
    items = items.alias(**{f"{alias}_kind": kind}).filter(**{f"{alias}_kind": "number" if is_number else "string"})
    value = KeyTransform(column, "row") if is_number else Func(
        F("row"), Value(column), function="jsonb_extract_path_text", output_field=TextField()
    )  # fmt: skip
    read = read_number if is_number else str
    return _narrow(items, alias, value, *(read(bound) if bound else None for bound in (low, high)))


def _read_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
