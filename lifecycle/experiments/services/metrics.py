"""Write many scores at once."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from lifecycle.common.errors import DomainError
from lifecycle.experiments.models import Run
from lifecycle.experiments.rules import MAX_METRIC_KEY_LENGTH

Point = tuple[str, int, float]  # key, step, value

UPSERT = """
INSERT INTO experiments_metric (run_id, key, step, value, at)
SELECT %s, key, step, value, clock_timestamp()
FROM unnest(%s::text[], %s::bigint[], %s::float8[]) AS point(key, step, value)
ON CONFLICT (run_id, key, step) DO UPDATE SET value = excluded.value, at = excluded.at
"""


def record_metrics(*, run: Run, points: Iterable[Point]) -> int:
    """Write scores in one statement; a point written again (a resumed run) overwrites. Returns how many."""
    newest = {(key, step): value for key, step, value in points}  # one statement may touch a row once
    if not newest:
        return 0
    for key in {key for key, _ in newest}:
        if not key or len(key) > MAX_METRIC_KEY_LENGTH or "\x00" in key:
            raise DomainError(f"A metric's name has 1 to {MAX_METRIC_KEY_LENGTH} characters, not {len(key)}.")
    keys, steps = zip(*newest, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [run.pk, list(keys), list(steps), [float(value) for value in newest.values()]])
    return len(newest)
