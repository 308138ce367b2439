"""Empty the tables behind a test whose transactions were real.

Django truncates every table and then writes all content types and permissions anew: 0.4 s for each such test. Here only
the tables that hold something are emptied, and what migrations left there for good stays.
"""

from __future__ import annotations

from functools import cache

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

_KEPT = (ContentType, Permission)


def empty_tables() -> None:
    """Triggers, and with them foreign keys, do not count meanwhile: all rows go at once, in whatever order."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_build_question())
        (filled,) = cursor.fetchone()
        if filled:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("; ".join(f'DELETE FROM "{table}"' for table in filled))


@cache
def _build_question() -> str:
    """One statement that names the tables with rows in them."""
    kept = {model._meta.db_table for model in _KEPT}
    models = apps.get_models(include_auto_created=True)
    tables = sorted({model._meta.db_table for model in models if model._meta.managed} - kept)
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in tables)
    return f"SELECT array_agg(name) FROM ({asked}) AS found (name)"
