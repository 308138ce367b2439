"""COPY … TO STDOUT by libpq's own calls: of a million short rows psycopg's loop costs a second more of Python."""

from __future__ import annotations

import select
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus


def copy_out(query: str, write: Callable[[memoryview], Any], link: BaseDatabaseWrapper = connection) -> None:
    """Have Postgres run `COPY … TO STDOUT` on a connection of Django's; `write` gets a row at a time.

    Raises what psycopg raises. `write` must not keep what it is given.
    """
    link.ensure_connection()
    raw: Any = link.connection.pgconn
    with link.wrap_database_errors:
        result = raw.exec_(query.encode())
        if result.status != ExecStatus.COPY_OUT:
            raise error_from_result(result)
        try:
            _pass_on(raw, write)
        except BaseException:
            _skip_rest(raw)
            raise
        _take_results(raw)


def _pass_on(raw: Any, write: Callable[[memoryview], Any]) -> None:
    take, sockets = raw.get_copy_data, [raw.socket]
    while True:
        size, row = take(1)
        if size > 0:
            write(row)
        elif size == 0:  # nothing has come yet; other threads go on meanwhile
            select.select(sockets, (), ())
            raw.consume_input()
        else:
            return


def _skip_rest(raw: Any) -> None:
    """Rows that nobody wants any more are read all the same, so that the connection can be used again."""
    with suppress(psycopg.Error):  # it is the connection that failed
        while raw.get_copy_data(0)[0] > 0:
            continue
        _take_results(raw)


def _take_results(raw: Any) -> None:
    """Raises when the COPY failed on its way."""
    failed = None
    while (result := raw.get_result()) is not None:
        if result.status == ExecStatus.FATAL_ERROR:
            failed = result
    if failed is not None:
        raise error_from_result(failed)
