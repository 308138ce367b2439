"""Models out of SELECTs written by hand, for the few reads that every request or every label makes.

Django builds the statement of a query set anew each time: 0.6 to 1.8 ms of processor, three times what sending it and
reading the answer takes. Everywhere else query sets are the better choice. Postgres plans such a statement once a
connection, not once a request (docs/decisions/025).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import Model
from psycopg import Cursor

M = TypeVar("M", bound=Model)


class Columns(Generic[M]):
    """All columns of a model under an alias: `sql` for the SELECT, `build` for what came back.

    >>> TOKEN = Columns(ApiToken, "t")
    >>> found = read_one(f"SELECT {TOKEN.sql} FROM accounts_apitoken t WHERE t.token_hash = %s", [digest], TOKEN)
    """

    def __init__(self, model: type[M], alias: str):
        self.model = model
        self._fields = model._meta.concrete_fields
        self._names = [field.attname for field in self._fields]
        self._key = next(place for place, field in enumerate(self._fields) if not field.null)
        self._alias = alias
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in self._fields)
        self.count = len(self._fields)

    @cached_property
    def _converters(self) -> list[tuple[int, Any, Any]]:
        found = []
        for place, field in enumerate(self._fields):
            expression = field.get_col(self._alias)
            for convert in field.get_db_converters(connection) + connection.ops.get_db_converters(expression):
                found.append((place, convert, expression))
        return found

    def build(self, values: Sequence[Any]) -> M | None:
        """None where an outer join found nothing."""
        if values[self._key] is None:
            return None
        row = list(values)
        for place, convert, expression in self._converters:
            row[place] = convert(row[place], expression, connection)
        return self.model.from_db(connection.alias, self._names, row)


class _Preparing(Cursor[Any]):
    """Every statement is prepared the first time. The connection counts statements for nobody else: it would keep the
    text of each, also of an INSERT of megabytes.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, prepare=True, **options)
        finally:
            self.connection.prepare_threshold = None


def open_cursor() -> AbstractContextManager[Any]:
    """A cursor for statements that stay the same but for their parameters: planned once for each connection.

    Parameters go to Postgres beside the text, so a list wants `= ANY(%s)`, and a LIMIT is better written out: for one
    it does not know, Postgres plans anew each time.
    """
    if not settings.DATABASE_PREPARE:
        return connection.cursor()
    connection.ensure_connection()
    return connection._prepare_cursor(_Preparing(connection.connection))  # type: ignore[attr-defined]


def read_all(sql: str, params: Sequence[Any] | Mapping[str, Any], *parts: Columns[Any]) -> list[list[Any]]:
    """Each row as one instance for each of `parts`, in the order of the SELECT, followed by whatever else it gives."""
    with open_cursor() as cursor:
        cursor.execute(sql, params)
        return [_split(row, parts) for row in cursor.fetchall()]


def read_one(sql: str, params: Sequence[Any] | Mapping[str, Any], *parts: Columns[Any]) -> list[Any] | None:
    """The first row, read as `read_all` reads it; None where there is none."""
    found = read_all(sql, params, *parts)
    return found[0] if found else None


def _split(row: Sequence[Any], parts: Sequence[Columns[Any]]) -> list[Any]:
    found: list[Any] = []
    start = 0
    for part in parts:
        found.append(part.build(row[start : start + part.count]))
        start += part.count
    return [*found, *row[start:]]
