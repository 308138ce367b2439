"""How far the current answers to one item differ, kept with its task.

Whoever settles a task compares the values of its answers: all there is to compare where an answer is one class.
Anything else is measured by the clock soon after (annotations.distances).
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from django.db import connection

from lifecycle.annotations.distances import agree
from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.rules import measure_disagreement
from lifecycle.annotations.selectors import find_interface
from lifecycle.annotations.uses import is_plain
from lifecycle.projects.models import Project

BATCH = 1_000  # tasks
READ_AT_ONCE = 50  # of which results are read: masks and long texts are large
SECONDS = 20.0  # of one call
MOST_COMPARED = 12  # answers to one item; of more, so many are compared with each other

_MARK = """
UPDATE annotations_task t SET is_disagreement_due = true
WHERE t.id = ANY(%s) AND NOT t.is_disagreement_due
  AND (t.disagreement IS NOT NULL OR (SELECT count(*) FROM annotations_annotation a
       WHERE a.task_id = t.id AND a.is_current AND a.kind = 'answer') >= 2)
"""

# a task that was answered since it was read stays due
_WRITE = """
UPDATE annotations_task t SET disagreement = new.disagreement, is_disagreement_due = false
FROM unnest(%s::bigint[], %s::timestamptz[], %s::float8[]) AS new (id, updated_at, disagreement)
WHERE t.id = new.id AND t.updated_at = new.updated_at
"""


def mark_several(task_ids: Sequence[int]) -> None:
    """Have those of some tasks measured that have several answers."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [list(task_ids)])


def mark_differing(project: Project) -> None:
    """Have all tasks measured again whose answers differ."""
    Task.objects.filter(dataset__project=project, disagreement__gt=0).update(is_disagreement_due=True)


def measure_due(*, seconds: float = SECONDS) -> int:
    """Measure the tasks whose answers changed, as many as there is time for; the clock calls it. Returns how many."""
    until = time.monotonic() + seconds
    plain: dict[int, bool] = {}
    measured = after = 0
    while time.monotonic() < until:
        due = Task.objects.filter(is_disagreement_due=True, pk__gt=after).order_by("pk")
        rows = list(due.values_list("pk", "updated_at", "dataset__project")[:BATCH])
        if not rows:
            break
        for project_id in {row[2] for row in rows} - plain.keys():
            interface = find_interface(Project.objects.get(pk=project_id))
            plain[project_id] = interface is None or is_plain(interface)
        for is_easy in (True, False):
            wanted = [(pk, at) for pk, at, project_id in rows if plain[project_id] is is_easy]
            step = BATCH if is_easy else READ_AT_ONCE
            for start in range(0, len(wanted), step):
                _measure(wanted[start : start + step], "value" if is_easy else "result")
        measured += len(rows)
        after = rows[-1][0]
    return measured


def _measure(tasks: Sequence[tuple[int, Any]], name: str) -> None:
    current = Annotation.objects.filter(
        task__in=[pk for pk, _ in tasks], is_current=True, kind=Annotation.Kind.ANSWER
    ).order_by("pk")
    said: dict[int, list[Any]] = defaultdict(list)
    for task, answer in current.values_list("task", name):
        said[task].append(answer)
    measure = measure_disagreement if name == "value" else _compare_results
    with connection.cursor() as cursor:
        ids, times = [pk for pk, _ in tasks], [at for _, at in tasks]
        cursor.execute(_WRITE, [ids, times, [measure(said[pk]) for pk in ids]])


def _compare_results(results: Sequence[Any]) -> float | None:
    """The share of pairs that do not agree; None below two."""
    pairs = list(combinations(results[-MOST_COMPARED:], 2))
    return sum(one != other and not agree(one, other) for one, other in pairs) / len(pairs) if pairs else None
