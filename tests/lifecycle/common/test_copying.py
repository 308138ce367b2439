"""COPY out row by row: the same bytes as psycopg's own, and a connection that can be used afterwards."""

from __future__ import annotations

import pytest
from django.db import DataError, ProgrammingError, connection

from lifecycle.common.copying import copy_out

pytestmark = pytest.mark.django_db

ROWS = "COPY (SELECT n, repeat('é, \"', n % 7) FROM generate_series(1, 20000) n) TO STDOUT (FORMAT csv)"


def ask() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


def test_rows_are_those_of_psycopg():
    with connection.cursor() as cursor, cursor.copy(ROWS) as copy:
        expected = b"".join(bytes(row) for row in copy)
    got: list[bytes] = []

    copy_out(ROWS, lambda row: got.append(bytes(row)))

    assert b"".join(got) == expected
    assert len(got) == 20_000
    assert ask() == 1


def test_nothing_to_copy_writes_nothing():
    got: list[bytes] = []

    copy_out("COPY (SELECT 1 WHERE false) TO STDOUT", got.append)

    assert got == []


@pytest.mark.django_db(transaction=True)
def test_a_query_that_cannot_begin_is_said():
    with pytest.raises(ProgrammingError, match="nowhere"):
        copy_out("COPY (SELECT * FROM nowhere) TO STDOUT", print)

    assert ask() == 1


@pytest.mark.django_db(transaction=True)
def test_a_query_that_fails_on_its_way_is_said():
    with pytest.raises(DataError, match="division by zero"):
        copy_out("COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 9000) n) TO STDOUT", lambda row: None)

    assert ask() == 1


def test_a_reader_that_fails_leaves_the_connection_usable():
    def fail(row):
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        copy_out(ROWS, fail)

    assert ask() == 1
