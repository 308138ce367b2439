"""Which answers differ from what somebody else says about the same item now.

The database tells one class from another. Anything else is measured (annotations.distances), for which results have to
be read: those of the newest items, as many as a page has time for. Of older ones only what says other classes is found.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import Any

from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, QuerySet

from lifecycle.annotations.distances import agree
from lifecycle.annotations.models import Annotation
from lifecycle.annotations.uses import is_plain
from lifecycle.contracts.label_interface import Interface

ITEMS_COMPARED = 500
BYTES_COMPARED = 500_000  # of results, as they are stored: of long texts or many regions, fewer items


def filter_disagreeing(answers: QuerySet[Annotation], interface: Interface | None) -> QuerySet[Annotation]:
    """Those of some current answers that differ from another one to their item."""
    others = Annotation.objects.filter(task=OuterRef("task"), is_current=True, kind=Annotation.Kind.ANSWER)
    says_other = Exists(others.exclude(value=OuterRef("value")))
    if interface is None or is_plain(interface):
        return answers.filter(says_other)
    several = answers.filter(Exists(others.exclude(pk=OuterRef("pk")))).order_by("-task_id")
    tasks = list(several.values_list("task_id", flat=True).distinct()[:ITEMS_COMPARED])
    results = _read_results(tasks)
    differ = Q(pk__in=_find_disagreeing(results))
    if len(results) < len(tasks) or len(tasks) == ITEMS_COMPARED:
        older = Q(task__lt=min(results)) if results else Q()
        differ |= older & Q(says_other)
    return answers.filter(differ)


def _find_disagreeing(results: dict[int, list[tuple[int, Any]]]) -> set[int]:
    """The ids of answers that differ from another one to the same task."""
    found: set[int] = set()
    for answers in results.values():
        for (one, said), (other, heard) in combinations(answers, 2):
            if not (one in found and other in found) and said != heard and not agree(said, heard):
                found |= {one, other}
    return found


def _read_results(tasks: list[int]) -> dict[int, list[tuple[int, Any]]]:
    """{task: [(answer, its result)]} of the first ones whose results together are not too much to read."""
    current = Annotation.objects.filter(task__in=tasks, is_current=True, kind=Annotation.Kind.ANSWER)
    size = Func(F("result"), function="PG_COLUMN_SIZE", output_field=IntegerField())
    sizes: dict[int, int] = defaultdict(int)
    for task, byte_size in current.values_list("task", size):
        sizes[task] += byte_size
    read, total = [], 0
    for task in tasks:
        total += sizes[task]
        if total > BYTES_COMPARED:
            break
        read.append(task)
    found: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    for task, pk, result in current.filter(task__in=read).order_by("-task", "pk").values_list("task", "pk", "result"):
        found[task].append((pk, result))
    return found
