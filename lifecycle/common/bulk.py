"""Many rows at once: ids ahead of time, COPY from Arrow, and references that are checked once instead of per row."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.csv as pa_csv
from django.db import connection
from django.db.backends.utils import CursorWrapper

ROWS_PER_WRITE = 5_000
ID_BYTES = 8
FEW_ROWS, GOOD_PART = 1_000, 0.05  # that may change before the planner has to know


def reserve_ids(cursor: CursorWrapper, table: str, count: int) -> list[int]:
    """Ids out of the table's sequence, ascending; those that stay unused are simply never used."""
    if count < 1:
        return []
    cursor.execute(
        """WITH sequence AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name)
           SELECT string_agg(int8send(nextval(name)), ''::bytea) FROM sequence, generate_series(1, %s)""",
        [table, count],
    )
    packed = bytes(cursor.fetchone()[0])
    return [int.from_bytes(packed[at : at + ID_BYTES], "big") for at in range(0, len(packed), ID_BYTES)]


def copy_rows(cursor: CursorWrapper, table: str, columns: Mapping[str, object], count: int) -> None:
    """COPY `count` rows in. A column is an Arrow array, or one value that all rows share."""
    if not count:
        return
    arrays = {name: _repeat(column, count) for name, column in columns.items()}
    rows = pa.table(arrays)
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    options = pa_csv.WriteOptions(include_header=False)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT csv)") as copy:
        for batch in rows.to_batches(max_chunksize=ROWS_PER_WRITE):
            buffer = io.BytesIO()
            pa_csv.write_csv(batch, buffer, options)
            copy.write(buffer.getvalue())


@contextmanager
def trusted_references(cursor: CursorWrapper) -> Iterator[None]:
    """Rows written inside are not checked against their foreign keys one by one.

    Only for rows whose targets were locked or written in the same transaction. Where the database role may not say
    so, the checks simply take their time.
    """
    cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
    is_allowed = cursor.fetchone()[0]
    if is_allowed:
        cursor.execute("SET LOCAL session_replication_role = replica")
    yield
    if is_allowed:  # after an error the transaction is over anyway, and the setting with it
        cursor.execute("SET LOCAL session_replication_role = origin")


def refresh_statistics(*tables: str) -> None:
    """Let Postgres' planner look again at those of the tables of which a good part is new since it last did.

    It does so by itself within minutes. Until then it takes a table that a bulk load has just filled for a small one,
    and reads all of it again for each batch of an export. Call outside a transaction, after the load.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")  # what this connection wrote, counted up to now
        cursor.execute(
            """SELECT s.relname FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
               WHERE s.relid = ANY(%s::text[]::regclass[]) AND s.n_mod_since_analyze > %s
               AND s.n_mod_since_analyze > %s * greatest(c.reltuples, 0)""",
            [list(tables), FEW_ROWS, GOOD_PART],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'ANALYZE "{table}"')


def _repeat(column: object, count: int) -> object:
    if isinstance(column, (pa.Array, pa.ChunkedArray)):
        return column
    return pa.repeat(pa.scalar(column), count)
