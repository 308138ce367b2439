"""Final labels out of several answers: worked out by a job, written with the answers they come from."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.annotations import consensus
from lifecycle.annotations.models import ConsensusRun, FinalLabel, QualitySettings, Task
from lifecycle.annotations.services.quality import find_settings
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Item
from lifecycle.datasets.services import record_labels
from lifecycle.jobs import services as jobs
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

BATCH = 1_000
FETCHED_AT_ONCE = 5_000
Recording = Callable[[], AbstractContextManager[Any]]

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
_WRITE = """
INSERT INTO annotations_finallabel (run_id, item_id, value, posterior, is_doubtful, sources)
SELECT %(run)s, item, value, posterior, doubtful, sources::jsonb
FROM unnest(
    %(items)s::bigint[], %(values)s::text[], %(posteriors)s::float8[], %(doubtful)s::bool[], %(sources)s::text[])
    AS new (item, value, posterior, doubtful, sources)
ON CONFLICT (item_id) DO UPDATE SET run_id = excluded.run_id, value = excluded.value,
    posterior = excluded.posterior, is_doubtful = excluded.is_doubtful, sources = excluded.sources
"""


@dataclass(frozen=True)
class Source:
    """One answer behind a final label."""

    annotation: int
    user: int
    value: str
    weight: float  # how often its author is right, or 1 for each in a vote


@dataclass(frozen=True)
class Verdict:
    """The final label of one item."""

    task_id: int
    item_id: int
    value: str
    posterior: float
    sources: tuple[Source, ...]

    @property
    def annotation_id(self) -> int:
        """The answer that the item's label is said to come from: the weightiest that says it, the newest of these."""
        said = [source for source in self.sources if source.value == self.value]
        return max(said, key=lambda source: (source.weight, source.annotation)).annotation


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
    if get_problem_type(project.problem_type).label_kind != LabelKind.CLASS:
        raise DomainError(
            "A consensus is worked out where an answer is one class. Here, review what people disagree on."
        )
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
    table = AnswerTable(run.project)
    weights: consensus.Floats = np.ones(table.answers.rater_count)
    chunks = consensus.vote(table.answers)
    if run.method == QualitySettings.Method.DAWID_SKENE:
        skills = consensus.learn_skills(table.answers, should_stop=should_stop)
        weights, chunks = skills.accuracies, consensus.judge(table.answers, skills)
    done = changed = doubtful = 0
    batch: list[Verdict] = []
    for verdict in _settle_all(table, chunks, weights):
        batch.append(verdict)
        if len(batch) == BATCH:
            counts = _write_batch(run, batch, recording)
            done, changed, doubtful = done + counts[0], changed + counts[1], doubtful + counts[2]
            batch = []
            advance(done / max(len(table.tasks), 1))
            if should_stop():
                raise Canceled()
    counts = _write_batch(run, batch, recording)
    with recording(), transaction.atomic():
        run.item_count, run.changed_count = done + counts[0], changed + counts[1]
        run.doubtful_count = doubtful + counts[2]
        run.people = _describe_people(table, weights if run.method == QualitySettings.Method.DAWID_SKENE else None)
        run.finished_at = timezone.now()
        run.save()
        FinalLabel.objects.filter(run__project=run.project).exclude(run=run).delete()
        _note(run)
    return run


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
    return Verdict(table.tasks[unit], table.items[unit], table.values[code], sure, sources)


def _write_batch(run: ConsensusRun, batch: list[Verdict], recording: Recording) -> tuple[int, int, int]:
    """(items, labels that became others, doubtful ones); what was answered anew meanwhile is left as it is."""
    if not batch:
        return 0, 0, 0
    with recording(), transaction.atomic():
        fresh = _find_unchanged(batch)
        now = dict(Item.objects.filter(pk__in=[one.item_id for one in fresh]).values_list("pk", "label"))
        changed = [one for one in fresh if now[one.item_id] != one.value]
        doubtful = [one.posterior < run.min_posterior for one in fresh]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, {
                "run": run.pk,
                "items": [one.item_id for one in fresh],
                "values": [one.value for one in fresh],
                "posteriors": [one.posterior for one in fresh],
                "doubtful": doubtful,
                "sources": [_dump(one.sources) for one in fresh],
            })  # fmt: skip
        for dataset in run.project.datasets.all():
            record_labels(dataset=dataset, labels=[(one.item_id, one.value, one.annotation_id) for one in changed])
    return len(fresh), len(changed), sum(doubtful)


def _find_unchanged(batch: list[Verdict]) -> list[Verdict]:
    """Lock the tasks; those whose current answers are still the ones that were weighed."""
    list(Task.objects.select_for_update(no_key=True).filter(pk__in=[one.task_id for one in batch]).order_by("pk"))
    current: dict[int, set[int]] = {}
    rows = Task.objects.filter(
        pk__in=[one.task_id for one in batch],
        state=Task.State.DONE,
        annotations__is_current=True,
        annotations__kind="answer",
        annotations__origin="human",
        annotations__value__isnull=False,
    )
    for task, annotation in rows.values_list("pk", "annotations__pk"):
        current.setdefault(task, set()).add(annotation)
    return [one for one in batch if current.get(one.task_id) == {source.annotation for source in one.sources}]


def _dump(sources: tuple[Source, ...]) -> str:
    return orjson.dumps([vars(source) for source in sources]).decode()


def _describe_people(table: AnswerTable, accuracies: np.ndarray | None) -> list[dict[str, Any]]:
    names = dict(User.objects.filter(pk__in=table.users).values_list("pk", "username"))
    counts = np.bincount(table.answers.raters, minlength=table.answers.rater_count)
    people = [
        {
            "user": user,
            "username": names.get(user, ""),
            "answers": int(counts[number]),
            "accuracy": round(float(accuracies[number]), 4) if accuracies is not None else None,
        }
        for number, user in enumerate(table.users)
    ]
    return sorted(people, key=lambda person: (person["accuracy"] or 0, person["username"]))


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
