"""One moment of the database seen over several connections: Postgres answers each on a core of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

REPEATABLE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"


@contextmanager
def share_moment() -> Iterator[tuple[BaseDatabaseWrapper, ...]]:
    """Connections whose statements all see the same rows: Django's own, and one beside it for reading.

    Inside a transaction that has begun already it is Django's own alone, since no other connection sees what that
    transaction wrote; statements then see what its isolation level lets them. Each connection may be used by any
    thread, by one at a time.
    """
    own = connections[DEFAULT_DB_ALIAS]  # not `connection`: that is another one in every thread
    is_outermost = not own.in_atomic_block
    own.inc_thread_sharing()
    try:
        with transaction.atomic():
            if is_outermost:
                with _open_beside(own) as beside:
                    yield (own, beside)
            else:
                yield (own,)
    finally:
        own.dec_thread_sharing()


@contextmanager
def _open_beside(own: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    with own.cursor() as cursor:
        cursor.execute(REPEATABLE)
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone()
    beside = own.copy()
    try:
        _join(beside, name)
        yield beside
    finally:
        beside.close()


def _join(link: BaseDatabaseWrapper, snapshot: str) -> None:
    link.inc_thread_sharing()
    link.set_autocommit(False)
    with link.cursor() as cursor:
        cursor.execute(f"{REPEATABLE}, READ ONLY")
        cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
