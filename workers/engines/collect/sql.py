"""Reads a database: one query, read-only, within a time limit, streamed in small batches."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from lifecycle.contracts.engine import Canceled, ShouldStop
from lifecycle.contracts.sources import SqlConfig, Surroundings
from workers.engines.collect import databases
from workers.engines.collect.authorities import Authority
from workers.engines.collect.cells import Cell, measure, plain
from workers.engines.collect.errors import SourceError, SourceUnreachable
from workers.engines.collect.pictures import is_picture, read_bytes
from workers.engines.collect.statements import check_query
from workers.engines.ingest.tables import name_columns

BATCH_BYTES = 8 << 20
MAX_BATCH_ROWS = 5_000
FIRST_BATCH_ROWS = 100
SAMPLED_ROWS = 100
WATCH_SECONDS = 0.25
MAX_TABLES = 500
# how Postgres, MySQL and MariaDB say that a query took too long
TIME_IS_UP = ("statement timeout", "maximum statement execution time", "max_statement_time exceeded")


@dataclass
class Rows:
    """An open result: `columns`, and `read()` once. `cursor_value` is how far reading has got. Where pictures are asked
    for, the cell of the column `picture` stays bytes; "" becomes the first column that has one in the first rows."""

    columns: list[str]
    result: sa.CursorResult
    cursor_place: int | None = None
    newest: Any = None
    nameless: int = field(default=0)  # rows whose cursor column is empty
    picture: str | None = None

    def read(self) -> Iterator[list[tuple[Cell, ...]]]:
        """Batches of rows, smaller where cells are large."""
        size = FIRST_BATCH_ROWS
        while raw := self.result.fetchmany(size):
            if self.cursor_place is not None:
                self._advance([row[self.cursor_place] for row in raw])
            batch = [tuple(map(plain, row)) for row in raw]
            if self.picture is not None:
                batch = self._keep_pictures(raw, batch)
            yield batch
            sample = batch[:: max(len(batch) // SAMPLED_ROWS, 1)]
            average = sum(map(measure, sample)) / len(sample)
            size = int(min(max(BATCH_BYTES / max(average, 1), 1), MAX_BATCH_ROWS, size * 4))

    def _keep_pictures(self, raw: Sequence[Sequence[Any]], batch: list[tuple]) -> list[tuple]:
        if not self.picture:
            places = (place for place in range(len(self.columns)) if any(is_picture(row[place]) for row in raw))
            self.picture = next((self.columns[place] for place in places), None)
        if self.picture not in self.columns:
            raise SourceError(
                f"The picture column {self.picture!r} is not in the result (it has: {', '.join(self.columns[:12])})."
                if self.picture else "No column of the result holds pictures as bytes (PNG, JPEG, WebP, GIF, BMP …)."
            )  # fmt: skip
        at = self.columns.index(self.picture)
        return [(*cells[:at], read_bytes(row[at]), *cells[at + 1 :]) for row, cells in zip(raw, batch, strict=True)]

    def _advance(self, values: Sequence[Any]) -> None:
        found = [value for value in values if value is not None]
        self.nameless += len(values) - len(found)
        if found:
            newest = max(found)
            self.newest = newest if self.newest is None else max(self.newest, newest)

    @property
    def cursor_value(self) -> dict[str, Any]:
        """How far the source has been read, as `build_statement` takes it back."""
        return write_cursor(self.newest) if self.newest is not None else {}


@contextmanager
def open_rows(
    config: SqlConfig,
    *,
    password: str,
    surroundings: Surroundings,
    should_stop: ShouldStop,
    cursor_value: Mapping[str, Any] | None = None,
    limit: int | None = None,
    seconds: float | None = None,
    ca: str = "",
    has_pictures: bool = False,
) -> Iterator[Rows]:
    """The rows of the source, newer than `cursor_value` where it has a cursor. Raises SourceError, SourceUnreachable
    or Canceled; no message carries the password."""
    seconds = seconds or config.timeout_seconds
    with (
        connect(config, password, surroundings, seconds, ca) as connection,
        _watch(connection, should_stop, seconds) as why,
        _explaining(password, why),
    ):
        statement, values = build_statement(config, cursor_value or {}, limit)
        databases.guard_statement(connection, statement)
        result = connection.execution_options(stream_results=True, max_row_buffer=1).execute(statement, values)
        keys = list(map(str, result.keys()))
        place = _find_cursor(config.cursor_column, keys)
        yield Rows(name_columns(keys), result, place, picture=config.picture_column if has_pictures else None)


@contextmanager
def connect(
    config: SqlConfig, password: str, surroundings: Surroundings, seconds: float, ca: str = ""
) -> Iterator[sa.Connection]:
    """A read-only connection, closed at the end whatever happens. With `ca`, PEM text, the server must have a
    certificate of that authority for its name."""
    with tempfile.NamedTemporaryFile("w", prefix="ca-", suffix=".pem") as file:
        file.write(ca)
        file.flush()
        authority = Authority(ca, file.name) if ca else None
        url, arguments = databases.prepare(config.url, password, surroundings, seconds, authority)
        with _connect(url, arguments, password, seconds) as connection:
            yield connection


@contextmanager
def _connect(url: sa.URL, arguments: dict[str, Any], password: str, seconds: float) -> Iterator[sa.Connection]:
    try:
        engine = sa.create_engine(url, connect_args=arguments, poolclass=sa.NullPool)
    except (NoSuchModuleError, ModuleNotFoundError, SQLAlchemyError) as error:
        raise SourceError(f"There is no driver for {url.drivername} here ({_first_line(error)}).") from None
    try:
        try:
            connection = engine.connect()
        except (DBAPIError, OSError) as error:
            raise SourceUnreachable(_hide(_first_line(error), password)) from None
        try:
            databases.make_read_only(connection, seconds)
            yield connection
            connection.rollback()
        finally:
            with suppress(SQLAlchemyError):  # one that was interrupted may be gone already
                connection.close()
    finally:
        engine.dispose()


def build_statement(
    config: SqlConfig, cursor_value: Mapping[str, Any], limit: int | None
) -> tuple[sa.Select, dict[str, Any]]:
    """The query inside a subquery, so that it can only be a query, with the cursor's bound and order around it."""
    if config.table:
        schema, _, name = config.table.rpartition(".")
        inside: sa.FromClause = sa.table(name, schema=schema or None)
        statement = sa.select(sa.text("*")).select_from(inside)
    else:
        query = check_query(config.query).replace("\\", "\\\\").replace(":", "\\:")
        statement = sa.select(sa.text("*")).select_from(sa.text(f"(\n{query}\n) source_rows"))  # Oracle knows no AS
    values: dict[str, Any] = {}
    if config.cursor_column:
        column: sa.ColumnClause[Any] = sa.column(config.cursor_column)
        if cursor_value:
            # at or above the last value: rows that share it, or came late, are read again and change nothing
            statement = statement.where(column >= sa.bindparam("gristmill_from"))
            values["gristmill_from"] = _step_back(read_cursor(cursor_value), config.overlap)
        statement = statement.order_by(column)
    return (statement.limit(limit) if limit else statement), values


def list_tables(connection: sa.Connection) -> list[str]:
    """Tables and views that a source could read, with their schema where there is more than the usual one."""
    looked = sa.inspect(connection)
    names = [*looked.get_table_names(), *looked.get_view_names()]
    for schema in looked.get_schema_names():
        if schema not in (looked.default_schema_name, "information_schema", "pg_catalog", "mysql", "sys", "main"):
            names += [f"{schema}.{name}" for name in (*looked.get_table_names(schema), *looked.get_view_names(schema))]
    return sorted(dict.fromkeys(names))[:MAX_TABLES]


def list_key(connection: sa.Connection, table: str) -> tuple[str, ...]:
    """The columns of a table's primary key, none when it has none."""
    schema, _, name = table.rpartition(".")
    try:
        return tuple(sa.inspect(connection).get_pk_constraint(name, schema=schema or None)["constrained_columns"])
    except SQLAlchemyError:
        return ()


# How far a source has been read


def write_cursor(value: Any) -> dict[str, Any]:
    """A cursor's value as JSON. Raises SourceError for values that have no order worth keeping."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, datetime, date, str)):
        raise SourceError(f"A column of {type(value).__name__} values cannot be a cursor: use numbers or times.")
    if isinstance(value, (datetime, date)):
        return {"type": "datetime" if isinstance(value, datetime) else "date", "value": value.isoformat()}
    return {"type": type(value).__name__.lower(), "value": str(value)}


def read_cursor(raw: Mapping[str, Any]) -> Any:
    """The value that `write_cursor` wrote."""
    readers = {"int": int, "float": float, "decimal": Decimal, "str": str,
               "datetime": datetime.fromisoformat, "date": date.fromisoformat}  # fmt: skip
    return readers[raw["type"]](raw["value"])  # type: ignore[operator]


def _step_back(value: Any, overlap: float) -> Any:
    if not overlap or isinstance(value, str):
        return value
    if isinstance(value, (datetime, date)):
        return value - timedelta(seconds=overlap)
    return value - type(value)(overlap)


def _find_cursor(name: str, keys: Sequence[str]) -> int | None:
    if not name:
        return None
    if name not in keys:
        raise SourceError(f"The cursor column {name!r} is not in the result (it has: {', '.join(keys[:12])}).")
    return keys.index(name)


# Time limits and words


@contextmanager
def _watch(connection: sa.Connection, should_stop: ShouldStop, seconds: float) -> Iterator[list[str]]:
    """Interrupts the database when the job is canceled or the time is up; the list then says which."""
    why: list[str] = []
    done = threading.Event()
    interrupt = databases.find_interrupt(connection)
    deadline = time.monotonic() + seconds

    def watch() -> None:
        while not done.wait(WATCH_SECONDS):
            if should_stop() or time.monotonic() > deadline:
                why.append("stop" if should_stop() else "time")
                interrupt()
                return

    thread = threading.Thread(target=watch, name="collect-watch", daemon=True)
    thread.start()
    try:
        yield why
    finally:
        done.set()
        thread.join(timeout=5)


@contextmanager
def _explaining(password: str, why: list[str]) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        if "stop" in why:
            raise Canceled from None
        text = _hide(_first_line(error), password)
        if "time" in why or any(sign in text for sign in TIME_IS_UP):
            raise SourceError(
                "The database took longer than the source's time limit. Make the query smaller or raise the limit."
            ) from None
        raise SourceError(f"The database refused the query: {text}") from None


def _first_line(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    lines = [line.strip() for line in str(original).splitlines() if line.strip()]
    return " ".join(lines)[:400] if lines else type(original).__name__


def _hide(text: str, password: str) -> str:
    return text.replace(password, "•••") if len(password) > 2 else text
