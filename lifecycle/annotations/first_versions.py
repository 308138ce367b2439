"""The first version of an answer: its id and time are those by which other tools know the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

# an id stands for its first version; a version that was taken back ends the line
_FIRST = """
WITH RECURSIVE line AS (
    SELECT a.id AS newest, a.id, a.previous_id, a.created_at FROM annotations_annotation a WHERE a.id = ANY(%s)
    UNION ALL
    SELECT line.newest, a.id, a.previous_id, a.created_at
    FROM line JOIN annotations_annotation a ON a.id = line.previous_id WHERE a.kind <> 'withdrawn')
SELECT newest, min(id), min(created_at) FROM line GROUP BY newest
"""


def find_first_versions(annotation_ids: Sequence[int]) -> dict[int, tuple[int, datetime]]:
    """(id, time) of the first version, by the id of the newest one."""
    if not annotation_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [list(annotation_ids)])
        return {newest: (pk, at) for newest, pk, at in cursor.fetchall()}
