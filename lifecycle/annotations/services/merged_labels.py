"""Final labels where an answer is more than one class: regions, numbers, texts, several questions; item by item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction

from lifecycle.annotations.merging import Answer, Judge, Learner, Majority, keep_valid, merge
from lifecycle.annotations.models import ConsensusRun, QualitySettings, Task
from lifecycle.annotations.services.final_labels import (
    BATCH,
    Counts,
    Recording,
    Source,
    Verdict,
    choose_source,
    describe_people,
    write_batch,
)
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.label_interface import Interface
from lifecycle.projects.models import Project

BYTES_AT_ONCE = 1 << 20  # of results as they are stored, compressed; one item may have more
CHARS_AT_ONCE = 1 << 24  # of results that wait to be written
_LEARNING = 0.5  # the part of the work that learning takes, where there is any

_TASKS = """
SELECT t.id, sum(pg_column_size(a.result))
FROM annotations_task t JOIN annotations_annotation a ON a.task_id = t.id
WHERE t.dataset_id = ANY(%(datasets)s) AND t.state = 'done' AND t.answers >= 2 AND t.id > %(after)s
  AND a.is_current AND a.kind = 'answer' AND a.origin = 'human' AND a.value IS NOT NULL
GROUP BY t.id ORDER BY t.id LIMIT 1000
"""
# current answers, with the ones that a reviewer wrote in place of another
_ANSWERS = """
SELECT a.task_id, a.item_id, a.user_id, a.id, a.value, a.result::text,
    EXISTS (SELECT 1 FROM annotations_review r WHERE r.fixed_by_id = a.id)
FROM annotations_annotation a
WHERE a.task_id = ANY(%(tasks)s)
  AND a.is_current AND a.kind = 'answer' AND a.origin = 'human' AND a.value IS NOT NULL
ORDER BY a.task_id, a.id
"""


class Row(NamedTuple):
    """One current answer."""

    task: int
    item: int
    user: int
    annotation: int
    value: str
    result: str
    is_fix: bool


class _Progress:
    """Tells how far the work is, and ends it where it should stop."""

    def __init__(self, total: int, advance: Callable[[float], None], should_stop: Callable[[], bool]) -> None:
        self.total, self.done = max(total, 1), 0
        self._advance, self._should_stop = advance, should_stop

    def count(self, *, start: float, width: float) -> None:
        self.done += 1
        if self.done % 100 == 0:
            self._advance(start + width * min(self.done / self.total, 1.0))
            if self._should_stop():
                raise Canceled()


def settle_items(
    run: ConsensusRun,
    schema_version: int,
    interface: Interface,
    recording: Recording,
    advance: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> tuple[Counts, list[dict[str, Any]]]:
    """Settle every item with several answers, and write it; (what was written, `ConsensusRun.people`)."""
    total = Task.objects.filter(dataset__project=run.project, state=Task.State.DONE, answers__gte=2).count()
    judge: Judge = Majority()
    is_learned, start = run.method == QualitySettings.Method.DAWID_SKENE, 0.0
    if is_learned:
        judge, start = _learn(run.project, interface, _Progress(total, advance, should_stop), should_stop), _LEARNING
    counts, size = Counts(), 0
    people: Counter[int] = Counter()
    batch: list[Verdict] = []
    progress = _Progress(total, advance, should_stop)
    for rows in iterate_answers(run.project):
        people.update(row.user for row in rows)
        verdict = _settle(interface, schema_version, rows, judge)
        if verdict:
            batch.append(verdict)
            size += sum(len(row.result) for row in rows)
        if len(batch) == BATCH or size > CHARS_AT_ONCE:
            counts.add(write_batch(run, batch, recording))
            batch, size = [], 0
        progress.count(start=start, width=1 - start)
    counts.add(write_batch(run, batch, recording))
    accuracies = {user: judge.rate(interface.main, user) for user in people} if is_learned else None
    return counts, describe_people(people, accuracies)


def iterate_answers(project: Project) -> Iterator[list[Row]]:
    """The current answers of people to each finished item with several, in the order of their tasks.

    No transaction stays open from one item to the next: what comes out is written in between.
    """
    datasets, after = list(project.datasets.values_list("pk", flat=True)), 0
    while tasks := _fetch(_TASKS, {"datasets": datasets, "after": after}):
        for some in _split([(int(task), int(size)) for task, size in tasks]):
            rows = [Row(*row) for row in _fetch(_ANSWERS, {"tasks": some})]
            for _, of_task in groupby(rows, key=lambda row: row.task):
                yield list(of_task)
        after = tasks[-1][0]


def _fetch(sql: str, where: dict[str, Any]) -> list[tuple]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, where)
        return cursor.fetchall()


def _split(tasks: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Tasks whose answers are read at once."""
    some: list[int] = []
    size = 0
    for task, stored in tasks:
        if some and size + stored > BYTES_AT_ONCE:
            yield some
            some, size = [], 0
        some.append(task)
        size += stored
    if some:
        yield some


def _learn(project: Project, interface: Interface, progress: _Progress, should_stop: Callable[[], bool]) -> Judge:
    learner = Learner(interface)
    for rows in iterate_answers(project):
        if len(rows) >= 2:
            learner.add([answer for answer, _ in _read(interface, rows)])
        progress.count(start=0.0, width=_LEARNING)
    return learner.learn(should_stop)


def _read(interface: Interface, rows: list[Row]) -> list[tuple[Answer, bool]]:
    """(answer, whether the schema of now takes all of it)."""
    found = []
    for row in rows:
        entries, is_whole = keep_valid(interface, orjson.loads(row.result))
        found.append((Answer(row.annotation, row.user, entries), is_whole))
    return found


def _settle(interface: Interface, schema_version: int, rows: list[Row], judge: Judge) -> Verdict | None:
    """What one item's answers come to; what a reviewer wrote is not asked again."""
    fixed = [row for row in rows if row.is_fix]
    if len(rows) < 2 and not fixed:
        return None
    task, item = rows[0].task, rows[0].item
    sources = tuple(
        Source(row.annotation, row.user, row.value, round(judge.rate(interface.main, row.user), 4)) for row in rows
    )
    if fixed:
        return Verdict(task, item, fixed[-1].value, 1.0, sources, fixed[-1].annotation, has_more=True)
    answers = _read(interface, rows)
    merged = merge(interface, [answer for answer, _ in answers], judge)
    value = interface.read_value(merged.result)
    if value is None:  # nobody says anything that the schema of now could take for an answer
        return None
    key = interface.compare_key(merged.result)
    same = {
        answer.annotation for answer, is_whole in answers if is_whole and interface.compare_key(answer.entries) == key
    }
    behind = choose_source([source for source in sources if source.annotation in same]) if same else None
    return Verdict(
        task, item, value, merged.posterior, sources, behind, None if same else merged.result,
        [part.to_json() for part in merged.parts], schema_version, has_more=True,
    )  # fmt: skip
