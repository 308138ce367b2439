"""Hand tasks out under short, exact leases: for every task, answers + live leases never exceed its overlap.

Every grant goes through `_grant`: it holds the row locks of the tasks it looks at, and counts in a statement of its
own after the locks are held, so that it sees whatever the last holder of those locks committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from lifecycle.annotations.models import Lease, QueueSettings, Task
from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Dataset
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_LEASES_AT_ONCE = 50
MIN_LEASE_SECONDS, MAX_LEASE_SECONDS = 15, 3_600
MAX_OVERLAP = 20
KEEP_EXPIRED = timedelta(days=7)  # how long a late answer of somebody who was given the task is still let in
_ROUNDS = 4

_CANDIDATES = """
SELECT t.id FROM annotations_task t
JOIN datasets_item i ON i.id = t.item_id
WHERE t.dataset_id = %(dataset)s AND t.state = 'open' AND i.excluded_at IS NULL
  AND t.id <> ALL(%(passed)s)
  AND NOT EXISTS (
      SELECT 1 FROM annotations_annotation a
      WHERE a.task_id = t.id AND a.user_id = %(user)s AND a.is_current AND a.origin = 'human' AND a.kind <> 'withdrawn')
  AND NOT EXISTS (
      SELECT 1 FROM annotations_review r
      WHERE r.task_id = t.id AND r.annotator_id = %(user)s AND r.verdict = 'rejected' AND r.return_to = 'other')
  AND NOT EXISTS (
      SELECT 1 FROM annotations_lease l
      WHERE l.task_id = t.id AND l.user_id = %(user)s AND l.expires_at > statement_timestamp())
  AND t.answers + (
      SELECT count(*) FROM annotations_lease l
      WHERE l.task_id = t.id AND l.expires_at > statement_timestamp()) < t.overlap
ORDER BY t.answers, t.priority DESC, t.id
LIMIT %(count)s
FOR NO KEY UPDATE OF t SKIP LOCKED
"""

_GRANT = """
INSERT INTO annotations_lease (task_id, user_id, expires_at, created_at)
SELECT t.id, %(user)s, statement_timestamp() + %(seconds)s * interval '1 second', statement_timestamp()
FROM annotations_task t
WHERE t.id = ANY(%(tasks)s) AND t.state = 'open'
  AND NOT EXISTS (
      SELECT 1 FROM annotations_annotation a
      WHERE a.task_id = t.id AND a.user_id = %(user)s AND a.is_current AND a.origin = 'human' AND a.kind <> 'withdrawn')
  AND t.answers + (
      SELECT count(*) FROM annotations_lease l
      WHERE l.task_id = t.id AND l.user_id <> %(user)s AND l.expires_at > statement_timestamp()) < t.overlap
ON CONFLICT (task_id, user_id) DO UPDATE SET expires_at = excluded.expires_at
RETURNING task_id
"""


def lease_next(
    *, project: Project, user, count: int = 1, resume: bool = False, lease_seconds: int | None = None
) -> list[Task]:
    """Up to `count` tasks that want an answer of this user, leased to them; with their items, in queue order.

    `resume` gives back first what the user holds already (a page that was reloaded asks so). `lease_seconds` saves
    reading the queue's settings where the caller has done so.
    """
    count = max(1, min(count, MAX_LEASES_AT_ONCE))
    seconds = lease_seconds or find_settings(project).lease_seconds
    held = _list_held(project, user)[:count] if resume else []
    if held:
        renew(project=project, user=user, task_ids=held)
    taken: list[int] = []
    for dataset in Dataset.objects.filter(project=project).order_by("pk").values_list("pk", flat=True):
        taken += _take(dataset, user, count - len(held) - len(taken), seconds)
    return load_tasks([*held, *taken])


def renew(*, project: Project, user, task_ids: Sequence[int]) -> list[int]:
    """Keep leases alive; an expired one is taken again where the task still has room. Returns the ids held now."""
    wanted = list(Task.objects.filter(pk__in=task_ids, dataset__project=project).values_list("pk", flat=True))
    if not wanted:
        return []
    seconds = find_settings(project).lease_seconds
    leases = Lease.objects.filter(user=user, task__in=wanted)
    granted = leases.values_list("task_id", flat=True)  # only what was once given to them
    with transaction.atomic():
        locked = list(
            Task.objects.select_for_update(no_key=True)
            .filter(pk__in=list(granted))
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        return sorted(_grant(user, locked, seconds))


def release(*, project: Project, user, task_ids: Sequence[int]) -> int:
    """Give leases back at once: the tasks go to whoever asks next. Returns how many were held."""
    leases = Lease.objects.filter(user=user, task__in=task_ids, task__dataset__project=project, expires_at__gt=Now())
    return leases.update(expires_at=Now())


def delete_stale_leases() -> int:
    """Drop leases that ran out so long ago that no late answer can be on its way."""
    return Lease.objects.filter(expires_at__lt=timezone.now() - KEEP_EXPIRED).delete()[0]


def change_settings(*, project: Project, actor, overlap: int, lease_seconds: int) -> QueueSettings:
    """How many people answer each task, and for how long one is lent. Open tasks take the new overlap on."""
    if not 1 <= overlap <= MAX_OVERLAP:
        raise DomainError(f"Ask between 1 and {MAX_OVERLAP} people.", fields={"overlap": f"1 to {MAX_OVERLAP}"})
    if not MIN_LEASE_SECONDS <= lease_seconds <= MAX_LEASE_SECONDS:
        limits = f"{MIN_LEASE_SECONDS} to {MAX_LEASE_SECONDS} seconds"
        raise DomainError(f"A lease lasts {limits}.", fields={"lease_seconds": limits})
    with transaction.atomic():
        settings, _ = QueueSettings.objects.select_for_update().get_or_create(project=project)
        before = settings.overlap
        settings.overlap, settings.lease_seconds = overlap, lease_seconds
        settings.save()
        if before != overlap:
            _apply_overlap(project, overlap)
        record_event(
            project=project,
            actor=actor,
            verb="queue.changed",
            summary=f"Labelling queue: {overlap} answer(s) per item, leases of {lease_seconds} s",
        )
    return settings


def find_settings(project: Project) -> QueueSettings:
    """The queue's settings; the defaults, unsaved, while nobody changed them."""
    return QueueSettings.objects.filter(project=project).first() or QueueSettings(project=project)


def load_tasks(task_ids: Sequence[int]) -> list[Task]:
    """Tasks with their items, in the order given."""
    tasks = Task.objects.select_related("item").in_bulk(task_ids)
    return [tasks[pk] for pk in task_ids if pk in tasks]


def lend(*, user, task_id: int, seconds: int) -> bool:
    """Give this very task to a user if it has room; the caller holds its row lock."""
    return bool(_grant(user, [task_id], seconds))


def _list_held(project: Project, user) -> list[int]:
    leases = Lease.objects.filter(user=user, expires_at__gt=Now(), task__dataset__project=project, task__state="open")
    return list(leases.order_by("created_at", "task_id").values_list("task_id", flat=True))


def _take(dataset_id: int, user, count: int, seconds: int) -> list[int]:
    """Lock, count again, grant; a few rounds, because others may have filled up what was locked."""
    taken: list[int] = []
    passed: list[int] = []
    for _ in range(_ROUNDS):
        wanted = count - len(taken)
        if wanted <= 0:
            break
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_CANDIDATES, {"dataset": dataset_id, "user": user.pk, "passed": passed, "count": wanted})
            candidates = [row[0] for row in cursor.fetchall()]
            granted = _grant(user, candidates, seconds) if candidates else set()
        taken += [task for task in candidates if task in granted]
        passed += candidates
        if len(candidates) < wanted:
            break
    return taken


def _grant(user, task_ids: Sequence[int], seconds: int) -> set[int]:
    """Lease those tasks that still have room; their rows are locked by the caller."""
    with connection.cursor() as cursor:
        cursor.execute(_GRANT, {"user": user.pk, "tasks": list(task_ids), "seconds": seconds})
        return {row[0] for row in cursor.fetchall()}


def _apply_overlap(project: Project, overlap: int) -> None:
    from lifecycle.annotations.services.answers import settle

    tasks = Task.objects.filter(dataset__project=project, state=Task.State.OPEN)
    enough = list(tasks.filter(answers__gte=overlap).values_list("pk", flat=True))
    tasks.exclude(overlap=overlap).update(overlap=overlap)
    label_kind = get_problem_type(project.problem_type).label_kind
    locked = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item", "dataset")
    for task in locked.filter(pk__in=enough).order_by("pk"):
        settle(task, label_kind)
