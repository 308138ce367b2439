"""The order of the queue as numbers in Task.priority: written in bulk, by a job that knows scores and vectors.

Priorities of the order lie between 0 and 1 and are spread evenly over each arm of tasks. That is what keeps the random
share exact at every moment: wherever the queue is cut, the random arm has its share of what was handed out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.utils import timezone

from lifecycle.annotations.models import URGENT, QueueSettings, Task
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project

BATCH = 2_000  # rows locked at a time: an annotator may be waiting for one of them
LABEL_AGAIN = 2.0
SETTLES = timedelta(minutes=1)  # what changes an order comes in many batches
RANK_EVERY = timedelta(minutes=10)  # an order is worked out by itself no more often

Order = QueueSettings.Order
FROM_SUGGESTIONS = (Order.UNCERTAINTY,)
FROM_VECTORS = (Order.DIVERSITY, Order.CLUSTER)
WORKED_OUT = (*FROM_SUGGESTIONS, *FROM_VECTORS)
ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)

# a number between 0 and 1 that an item keeps for ever, here and in every other installation
DRAW = "('x' || substr(md5(i.content_hash), 1, 8))::bit(32)::bigint / 4294967296.0"

_WRITE = f"""
WITH wanted AS (
    SELECT t.id, w.priority FROM unnest(%(ids)s::bigint[], %(priorities)s::float8[]) w (id, priority)
    JOIN annotations_task t ON t.id = w.id JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE d.project_id = %(project)s AND t.state = 'open' AND t.priority < {URGENT} AND t.priority <> w.priority
    ORDER BY t.id FOR NO KEY UPDATE OF t
)
UPDATE annotations_task t SET priority = w.priority FROM wanted w WHERE t.id = w.id
"""

# tasks that somebody answered keep their arm: they were chosen under it
_REDRAW = f"""
UPDATE annotations_task t SET is_random = NOT t.is_random
FROM datasets_item i, datasets_dataset d
WHERE i.id = t.item_id AND d.id = t.dataset_id AND d.project_id = %(project)s
  AND t.state = 'open' AND t.answers = 0 AND t.is_random <> ({DRAW} < %(share)s)
"""


def request_ranking(*, project: Project, actor=None, redraws: bool = False) -> Job | None:
    """Have the queue's order worked out anew, on commit; None while a job that has not begun will do so anyway."""
    settings, _ = QueueSettings.objects.get_or_create(project=project)
    waiting = settings.rank_job
    if waiting is not None and waiting.state == Job.State.QUEUED and not redraws:
        return None
    job = jobs.enqueue(
        kind="rank",
        title="Order the labelling queue",
        spec={"project_id": project.pk, "redraws": redraws},
        project=project,
        created_by=actor,
    )
    QueueSettings.objects.filter(pk=settings.pk).update(rank_job=job)
    return job


def note_change(*, project_id: int, orders: Collection[str]) -> None:
    """What these orders are worked out from has changed: a project that has one of them gets it worked out anew by the
    clock. Marked after the commit, so that no import holds up another one.
    """
    transaction.on_commit(partial(_mark_stale, project_id, list(orders)))


def _mark_stale(project_id: int, orders: Sequence[str]) -> None:
    fresh = QueueSettings.objects.filter(project=project_id, order__in=orders, stale_since=None)
    fresh.update(stale_since=timezone.now())


def rank_due() -> int:
    """Have the orders worked out anew that new suggestions, vectors or items made stale; the clock calls it. Returns
    how many projects.
    """
    now = timezone.now()
    stale = QueueSettings.objects.filter(order__in=WORKED_OUT, stale_since__lt=now - SETTLES)
    stale = stale.filter(project__archived_at=None).select_related("project", "rank_job")
    asked = 0
    for settings in stale:
        last = settings.rank_job
        if last is None or (last.state not in ACTIVE and last.created_at < now - RANK_EVERY):
            request_ranking(project=settings.project)
            asked += 1
    return asked


def start_ranking(*, project: Project) -> None:
    """What changes from here on is not in the order that is being worked out."""
    QueueSettings.objects.filter(project=project).update(stale_since=None)


def redraw_arms(*, project: Project) -> int:
    """Put unanswered open tasks into the arm that the present random share gives them; returns how many moved."""
    share = _find_share(project)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_REDRAW, {"project": project.pk, "share": share})
        return cursor.rowcount


def record_priorities(*, project: Project, priorities: Iterable[tuple[int, float]]) -> int:
    """Write (task id, priority between 0 and 1) in bulk; returns how many changed.

    Tasks that are done, or that somebody asked to label again, keep what they have. Each batch is committed for itself.
    """
    written = 0
    for batch in _split(priorities, BATCH):
        ids, values = [pk for pk, _ in batch], [min(max(float(value), 0.0), 1.0) for _, value in batch]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_WRITE, {"project": project.pk, "ids": ids, "priorities": values})
            written += cursor.rowcount
    return written


def finish_ranking(*, project: Project) -> None:
    """Say when the order was last worked out."""
    QueueSettings.objects.filter(project=project).update(ranked_at=timezone.now())


def put_first(*, project: Project, task_ids: Sequence[int]) -> int:
    """Hand these open tasks out before all others; returns how many."""
    tasks = Task.objects.filter(pk__in=task_ids, dataset__project=project, state=Task.State.OPEN)
    return tasks.update(priority=LABEL_AGAIN)


def _find_share(project: Project) -> float:
    return find_settings(project).random_share


def _split(rows: Iterable[tuple[int, float]], size: int) -> Iterator[list[tuple[int, float]]]:
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch
