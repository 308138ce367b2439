"""Read the scores of runs as curves, thinned by the database so that any run fits a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

MAX_POINTS = 1_000
OVERLAP_SECONDS = 10  # a poll looks this far back, for writes that were still uncommitted at the last one

READ = """
SELECT run_id, key, step, value FROM (
    SELECT run_id, key, step, value,
           row_number() OVER w AS position,
           count(*) OVER (PARTITION BY run_id, key) AS total
    FROM experiments_metric
    WHERE run_id = ANY(%(runs)s) AND (%(since)s::timestamptz IS NULL OR at > %(since)s)
    WINDOW w AS (PARTITION BY run_id, key ORDER BY step)
) AS numbered
WHERE total <= %(limit)s
   OR position %% (total / (%(limit)s - 1) + 1) = 1
   OR position = total
ORDER BY run_id, key, step
"""


@dataclass
class Curve:
    """One score of one run: `values[i]` at `steps[i]`, steps ascending."""

    run_id: int
    key: str
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Curves:
    """What a page draws now, and the moment to ask from next time."""

    curves: list[Curve]
    cursor: datetime


def read_curves(run_ids: Iterable[int], *, since: datetime | None = None, limit: int = MAX_POINTS) -> Curves:
    """Every score of the runs, at most `limit` points each, evenly thinned with the first and last kept.

    With `since` (a cursor of an earlier answer) only what was written after it; a point may come twice.
    """
    after = since - timedelta(seconds=OVERLAP_SECONDS) if since else None
    found: dict[tuple[int, str], Curve] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")  # the clock that `at` goes by
        now = cursor.fetchone()[0]
        cursor.execute(READ, {"runs": list(run_ids), "since": after, "limit": limit})
        for run_id, key, step, value in cursor.fetchall():
            curve = found.setdefault((run_id, key), Curve(run_id, key))
            curve.steps.append(step)
            curve.values.append(value)
    return Curves(list(found.values()), now)
