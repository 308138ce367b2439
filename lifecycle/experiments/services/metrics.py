"""Write many scores at once."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, connection, transaction

from lifecycle.common.errors import DomainError
from lifecycle.experiments.models import Run
from lifecycle.experiments.rules import MAX_METRIC_KEY_LENGTH

Point = tuple[str, int, float]  # key, step, value

COPY = "COPY experiments_metric (run_id, key, step, value, at) FROM STDIN"
UPSERT = """
INSERT INTO experiments_metric (run_id, key, step, value, at)
SELECT %s, key, step, value, clock_timestamp()
FROM unnest(%s::text[], %s::bigint[], %s::float8[]) AS point(key, step, value)
ON CONFLICT (run_id, key, step) DO UPDATE SET value = excluded.value, at = excluded.at
"""
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def record_metrics(*, run: Run, points: Iterable[Point]) -> int:
    """Write scores at once; a point written again (a resumed run) overwrites. Returns how many."""
    newest = {(key, step): float(value) for key, step, value in points}
    if not newest:
        return 0
    for key in {key for key, _ in newest}:
        if not key or len(key) > MAX_METRIC_KEY_LENGTH or "\x00" in key:
            raise DomainError(f"A metric's name has 1 to {MAX_METRIC_KEY_LENGTH} characters, not {len(key)}.")
    try:
        with transaction.atomic():
            _copy(run, newest)  # two to three times as fast, and all there is to do unless a run was resumed
    except IntegrityError:
        _upsert(run, newest)
    return len(newest)


def _copy(run: Run, points: dict[tuple[str, int], float]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()::text")
        at = cursor.fetchone()[0]
        escaped = {key: key.translate(ESCAPES) for key in {key for key, _ in points}}
        rows = (f"{run.pk}\t{escaped[key]}\t{step}\t{value!r}\t{at}\n" for (key, step), value in points.items())
        with connection.wrap_database_errors, cursor.copy(COPY) as copy:
            copy.write("".join(rows))


def _upsert(run: Run, points: dict[tuple[str, int], float]) -> None:
    keys, steps = zip(*points, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [run.pk, list(keys), list(steps), list(points.values())])
