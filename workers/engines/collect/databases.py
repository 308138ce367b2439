"""What each database needs so that a source can only read: options, sessions, interrupts; one row per dialect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from lifecycle.contracts.sources import Surroundings
from workers.engines.collect import other_databases
from workers.engines.collect.authorities import Authority
from workers.engines.collect.errors import SourceError
from workers.engines.collect.hosts import resolve_host
from workers.engines.collect.places import check_inside

DRIVERS = {  # of each database that is known well, whatever driver the URL names; `other_databases` has the others
    "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql", "sqlite": "sqlite", "duckdb": "duckdb",
}  # fmt: skip
FILE_DATABASES = ("sqlite", "duckdb")
# options of a URL that reach no file and change no session
OPTIONS = {
    "postgresql": {"sslmode", "application_name", "client_encoding", "target_session_attrs"},
    "mysql": {"charset"}, "mariadb": {"charset"}, "sqlite": set(), "duckdb": set(),
}  # fmt: skip
CONNECT_SECONDS = 10
SQLITE_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def prepare(
    text: str, password: str, surroundings: Surroundings, seconds: float, authority: Authority | None = None
) -> tuple[URL, dict[str, Any]]:
    """The URL to connect to and the driver's arguments, checked against what the operator allows."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SourceError("This is no database URL; it looks like postgresql://user@host:5432/name.") from None
    if url.get_backend_name() not in DRIVERS:
        return other_databases.prepare(url, password, surroundings, authority)
    url = url.set(drivername=DRIVERS[url.get_backend_name()])
    dialect = url.get_backend_name()
    _check_options(url, dialect)
    if dialect in FILE_DATABASES:
        return _prepare_file(url, dialect, surroundings)
    _check_own(url, dialect, surroundings)
    address = resolve_host(url.host or "", url.port, surroundings.private_addresses)
    if password:
        url = url.set(password=password)
    if dialect == "postgresql":
        secured = authority.as_postgres(str(url.query.get("sslmode", ""))) if authority else {}
        return url, _postgres_arguments(address, seconds) | secured
    limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": int(seconds) + 5}
    arguments = {**limits, "local_infile": False, "conv": _build_conversions()}
    if authority:
        arguments["ssl"] = authority.as_context(url.host or "")
    return (url.set(host=address) if address else url), arguments


def _check_options(url: URL, dialect: str) -> None:
    unknown = sorted(set(url.query) - OPTIONS[dialect])
    if unknown:
        raise SourceError(
            f"The option “{unknown[0]}” is not allowed in this URL; "
            f"it may carry: {', '.join(sorted(OPTIONS[dialect])) or 'none'}."
        )


def _check_own(url: URL, dialect: str, surroundings: Surroundings) -> None:
    """Gristmill's own database holds every project: no source may read it."""
    host, port, name = surroundings.own_database
    if dialect == "postgresql" and name and (url.host or "", str(url.port or 5432), url.database or "") == (
        host, port or "5432", name
    ):  # fmt: skip
        raise SourceError("This is the database Gristmill itself runs on; it cannot be a source.")


def _postgres_arguments(address: str, seconds: float) -> dict[str, Any]:
    limit = int(seconds * 1000)
    arguments: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "options": f"-c default_transaction_read_only=on -c statement_timeout={limit} -c lock_timeout=10000 "
        f"-c idle_in_transaction_session_timeout={limit + 60_000}",
    }
    return arguments | ({"hostaddr": address} if address else {})


def _build_conversions() -> dict[int, Any]:
    """PyMySQL's, but a date that is none ("0000-00-00", which old tables write for "not known") is missing instead of
    a text among dates, and bits are a number."""
    from pymysql import converters
    from pymysql.constants import FIELD_TYPE as KIND

    def unless_text(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def read(value: Any) -> Any:
            found = convert(value)
            return None if isinstance(found, (str, bytes)) else found

        return read

    moment, day = unless_text(converters.convert_datetime), unless_text(converters.convert_date)
    own = {KIND.DATETIME: moment, KIND.TIMESTAMP: moment, KIND.DATE: day, KIND.NEWDATE: day}
    return converters.conversions | own | {KIND.BIT: lambda value: int.from_bytes(value, "big")}


def _prepare_file(url: URL, dialect: str, surroundings: Surroundings) -> tuple[URL, dict[str, Any]]:
    """A database file below one of the folders that the operator allows, opened for reading."""
    if url.host:
        raise SourceError(f"A file needs three or four slashes: {dialect}:////folder/file.db.")
    path = check_inside(url.database or "", surroundings.folders, "database file")
    if not Path(path).is_file():
        raise SourceError(f"There is no file {url.database} on the server.")
    if dialect == "sqlite":
        from urllib.parse import quote

        return sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"}), {
            "check_same_thread": False, "timeout": CONNECT_SECONDS,
        }  # fmt: skip
    closed = {"enable_external_access": "false", "autoinstall_known_extensions": "false",
              "autoload_known_extensions": "false", "memory_limit": "256MB", "threads": "2"}  # fmt: skip
    return sa.URL.create("duckdb", database=str(path)), {"read_only": True, "config": closed}


def make_read_only(connection: sa.Connection, seconds: float) -> None:
    """The session cannot write, whatever the query says. Raises SourceError when the database does not let us. Of those
    that know no such session nothing is sent but one query that `statements` let by, and it is rolled back."""
    dialect = connection.dialect.name
    try:
        if dialect == "postgresql":
            connection.execution_options(postgresql_readonly=True)
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        elif dialect in ("mysql", "mariadb"):
            _limit_mysql(connection, seconds)
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.commit()
            connection.exec_driver_sql("START TRANSACTION READ ONLY")
        elif dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        elif dialect == "duckdb":
            connection.exec_driver_sql("SET lock_configuration = true")
        elif statement := other_databases.READ_ONLY.get(dialect):
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise SourceError(f"The database cannot be opened for reading only: {error.orig}"[:300]) from None


def _limit_mysql(connection: sa.Connection, seconds: float) -> None:
    """MySQL counts milliseconds, MariaDB seconds; a server knows only its own of the two."""
    for statement in (f"SET SESSION max_execution_time={int(seconds * 1000)}",
                      f"SET SESSION max_statement_time={int(seconds)}"):  # fmt: skip
        with suppress(DBAPIError):
            connection.exec_driver_sql(statement)


def _allow_reading(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_OK if action in SQLITE_ALLOWED else sqlite3.SQLITE_DENY


def guard_statement(connection: sa.Connection, statement: sa.Select) -> None:
    """The last lock before a person's query: SQLite is told to allow reading only. DuckDB would run several statements
    at once, so its own parser must find exactly one, and that a query."""
    if connection.dialect.name == "sqlite":
        _driver(connection).set_authorizer(_allow_reading)
    elif connection.dialect.name == "duckdb":
        _check_duckdb(connection, statement)


def _check_duckdb(connection: sa.Connection, statement: sa.Select) -> None:
    import duckdb

    text = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": False}))
    try:
        found = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise SourceError(f"DuckDB cannot read the query: {str(error).splitlines()[0][:300]}") from None
    if [piece.type for piece in found] != [duckdb.StatementType.SELECT]:
        raise SourceError("Only one query that reads is allowed.")


def find_interrupt(connection: sa.Connection) -> Callable[[], None]:
    """What ends the running query from another thread."""
    dialect, driver = connection.dialect.name, _driver(connection)
    if dialect == "postgresql":
        return driver.cancel
    if dialect in FILE_DATABASES:
        return driver.interrupt
    ends = ("_force_close", "cancel", "interrupt", "close")  # the first is PyMySQL's
    return next(getattr(driver, name) for name in ends if hasattr(driver, name))


def _driver(connection: sa.Connection) -> Any:
    found = connection.connection.driver_connection
    return getattr(found, "_ConnectionWrapper__c", found)
