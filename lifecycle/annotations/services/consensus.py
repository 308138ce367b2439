"""Final labels out of several answers: worked out by a job, written with the answers they come from.

An answer that is one class is taken from its column: a million of them are arrays. Everything else is merged item by
item (`merged_labels`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from lifecycle.annotations import consensus
from lifecycle.annotations.models import ConsensusRun, FinalLabel, QualitySettings
from lifecycle.annotations.services import merged_labels
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
from lifecycle.annotations.services.quality import find_settings
from lifecycle.annotations.services.scene import find_interface
from lifecycle.annotations.uses import is_plain
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.label_interface import Interface
from lifecycle.jobs import services as jobs
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

FETCHED_AT_ONCE = 5_000

# current answers to finished tasks, with the ones that a reviewer wrote in place of another
_ANSWERS = """
SELECT a.task_id, a.item_id, a.user_id, a.id, a.value,
    EXISTS (SELECT 1 FROM annotations_review r WHERE r.fixed_by_id = a.id)
FROM annotations_annotation a
JOIN annotations_task t ON t.id = a.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
WHERE d.project_id = %s AND t.state = 'done' AND t.answers >= 2
  AND a.is_current AND a.kind = 'answer' AND a.origin = 'human' AND a.value IS NOT NULL
ORDER BY a.task_id, a.user_id
"""


class AnswerTable:
    """All answers as arrays, with what is needed to name them again."""

    def __init__(self, project: Project) -> None:
        self.tasks, self.items = array("q"), array("q")
        columns = [array("q") for _ in range(5)]
        self._users: dict[int, int] = {}
        self._values: dict[str, int] = {}
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(_ANSWERS, [project.pk])
            for task, item, user, annotation, value, is_fix in _fetch(cursor):
                if not self.tasks or task != self.tasks[-1]:
                    self.tasks.append(task)
                    self.items.append(item)
                person = self._users.setdefault(user, len(self._users))
                code = self._values.setdefault(value, len(self._values))
                row = (len(self.tasks) - 1, person, code, annotation, int(is_fix))
                for column, number in zip(columns, row, strict=True):
                    column.append(number)
        units, raters, codes, self.annotations, self.fixes = (np.array(column, np.int64) for column in columns)
        self.users, self.values = list(self._users), list(self._values)
        self.answers = consensus.Answers(units, raters, codes, max(len(self.values), 1), max(len(self.users), 1))


def start(*, project: Project, user, method: str | None = None) -> ConsensusRun:
    """Have a worker settle the labels of all items with two answers or more, by the project's method or another."""
    _get_interface(project)
    settings = find_settings(project)
    chosen = method or settings.consensus_method
    if chosen not in QualitySettings.Method.values:
        raise DomainError("There is no such method.", fields={"method": ", ".join(QualitySettings.Method.values)})
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        running = ConsensusRun.objects.filter(project=project, job__state__in=("queued", "running"))
        if running.exists():
            raise Conflict("A consensus is being worked out already. Wait until it is done.")
        run = ConsensusRun.objects.create(
            project=project, method=chosen, min_posterior=settings.min_posterior, created_by=user
        )
        run.job = jobs.enqueue(
            kind="consensus",
            title=f"Final labels by {run.get_method_display()}",
            spec={"run_id": run.pk},
            project=project,
            created_by=user,
            subject_type="consensus",
            subject_id=run.pk,
        )
        run.save(update_fields=["job"])
    return run


def work_out(
    run: ConsensusRun,
    *,
    recording: Recording = nullcontext,
    advance: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ConsensusRun:
    """Settle every item and write the labels, batch by batch; a repeat comes to the same."""
    version, interface = _get_interface(run.project)
    if has_one_class(interface):
        counts, people = _settle_classes(run, recording, advance, should_stop)
    else:
        counts, people = merged_labels.settle_items(run, version, interface, recording, advance, should_stop)
    with recording(), transaction.atomic():
        run.item_count, run.changed_count, run.doubtful_count = counts.items, counts.changed, counts.doubtful
        run.people = people
        run.finished_at = timezone.now()
        run.save()
        FinalLabel.objects.filter(run__project=run.project).exclude(run=run).delete()
        _note(run)
    return run


def has_one_class(interface: Interface) -> bool:
    """Whether an answer is one class, so that its column says it all."""
    return is_plain(interface) and not interface.controls[0].nested


def _get_interface(project: Project) -> tuple[int, Interface]:
    found = find_interface(project)
    if found is None or found[1].main_control is None:
        raise DomainError("The label schema does not ask the project's question yet: there is nothing to settle.")
    return found


def _settle_classes(
    run: ConsensusRun, recording: Recording, advance: Callable[[float], None], should_stop: Callable[[], bool]
) -> tuple[Counts, list[dict]]:
    table = AnswerTable(run.project)
    weights: consensus.Floats = np.ones(table.answers.rater_count)
    chunks = consensus.vote(table.answers)
    is_learned = run.method == QualitySettings.Method.DAWID_SKENE
    if is_learned:
        skills = consensus.learn_skills(table.answers, should_stop=should_stop)
        weights, chunks = skills.accuracies, consensus.judge(table.answers, skills)
    counts = Counts()
    batch: list[Verdict] = []
    for verdict in _settle_all(table, chunks, weights):
        batch.append(verdict)
        if len(batch) == BATCH:
            counts.add(write_batch(run, batch, recording))
            batch = []
            advance(counts.items / max(len(table.tasks), 1))
            if should_stop():
                raise Canceled()
    counts.add(write_batch(run, batch, recording))
    given = np.bincount(table.answers.raters, minlength=table.answers.rater_count)
    accuracies = {user: float(weights[number]) for number, user in enumerate(table.users)} if is_learned else None
    return counts, describe_people({user: int(given[n]) for n, user in enumerate(table.users)}, accuracies)


def _fetch(cursor) -> Iterator[tuple]:
    while rows := cursor.fetchmany(FETCHED_AT_ONCE):
        yield from rows


def _settle_all(table: AnswerTable, chunks: Iterator[consensus.Chunk], weights: np.ndarray) -> Iterator[Verdict]:
    answers = table.answers
    for chunk in chunks:
        units = answers.units[chunk.rows] - chunk.start
        starts = np.searchsorted(units, np.arange(len(chunk.posterior) + 1))
        for unit, posterior in enumerate(chunk.posterior):
            rows = range(chunk.rows.start + int(starts[unit]), chunk.rows.start + int(starts[unit + 1]))
            if len(rows) >= 2 or any(table.fixes[row] for row in rows):
                yield _settle_one(table, chunk.start + unit, rows, posterior, weights)


def _settle_one(table: AnswerTable, unit: int, rows: range, posterior: np.ndarray, weights: np.ndarray) -> Verdict:
    """The likeliest class among those that somebody said; what a reviewer wrote is not asked again."""
    codes, raters = table.answers.codes, table.answers.raters
    sources = tuple(
        Source(
            int(table.annotations[row]),
            table.users[raters[row]],
            table.values[codes[row]],
            round(float(weights[raters[row]]), 4),
        )
        for row in rows
    )
    fixed = [row for row in rows if table.fixes[row]]
    if fixed:
        code, sure = int(codes[max(fixed, key=lambda row: table.annotations[row])]), 1.0
    else:
        newest = {int(codes[row]): int(table.annotations[row]) for row in rows}
        code = max(newest, key=lambda one: (posterior[one], newest[one]))
        sure = float(posterior[code])
    behind = choose_source([source for source in sources if source.value == table.values[code]])
    return Verdict(table.tasks[unit], table.items[unit], table.values[code], sure, sources, behind)


def _note(run: ConsensusRun) -> None:
    record_event(
        project=run.project,
        actor=run.created_by,
        verb="consensus.finished",
        summary=f"Final labels of {run.item_count:,} items by {run.get_method_display()}: "
        f"{run.changed_count:,} changed, {run.doubtful_count:,} in doubt",
        object_type="consensus",
        object_id=run.pk,
    )
