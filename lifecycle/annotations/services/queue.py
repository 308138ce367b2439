"""Hand tasks out under short, exact leases: for every task, answers + live leases never exceed its overlap.

Every grant goes through `_grant`: it holds the row locks of the tasks it looks at, and counts in a statement of its
own after the locks are held, so that it sees whatever the last holder of those locks committed.

What is assigned to a person comes first, then what somebody asked for again, then the queue's order; gold items are
mixed in between.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from lifecycle.annotations.labelling_selectors import Labelling, read_labelling
from lifecycle.annotations.models import URGENT, Lease, Task
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services import gold
from lifecycle.common.rows import Columns, open_cursor, read_all
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project

MAX_LEASES_AT_ONCE = 120
KEEP_EXPIRED = timedelta(days=7)  # how long a late answer of somebody who was given the task is still let in
_ROUNDS = 4
_BEGUN_LOOKED_AT = 100  # tasks that have answers, at each request
_SHARED_BY = 10  # people: where there is that much for each of them, nobody's part is looked at
_SHARE_AT_LEAST = 2  # the item on screen, and the next one
_FEW = 10  # tasks at a time, as a page that labels one by one asks; a plan is kept for each such number

_HAS_ANSWERED = """EXISTS (
      SELECT 1 FROM annotations_annotation a
      WHERE a.task_id = t.id AND a.user_id = %(user)s AND a.is_current AND a.origin = 'human' AND a.kind <> 'withdrawn')
"""
# answers that other people shall give and are not giving at this moment (then their lease is counted)
_EXPECTED = """(
      SELECT count(*) FROM annotations_assignment s
      WHERE s.task_id = t.id AND s.user_id <> %(user)s AND s.is_open AND NOT EXISTS (
          SELECT 1 FROM annotations_lease l
          WHERE l.task_id = t.id AND l.user_id = s.user_id AND l.expires_at > statement_timestamp()))
"""
# a reviewer rejected this person's answer for somebody else to give a new one
_IS_BARRED = """EXISTS (
      SELECT 1 FROM annotations_review r
      WHERE r.task_id = t.id AND r.annotator_id = %(user)s AND r.verdict = 'rejected' AND r.return_to = 'other')
"""
_WANTED = f"""
  AND t.state = 'open' AND i.excluded_at IS NULL
  AND t.id <> ALL(%(passed)s)
  AND NOT {_HAS_ANSWERED}
  AND NOT {_IS_BARRED}
  AND NOT EXISTS (
      SELECT 1 FROM annotations_lease l
      WHERE l.task_id = t.id AND l.user_id = %(user)s AND l.expires_at > statement_timestamp())
  AND t.answers + (
      SELECT count(*) FROM annotations_lease l
      WHERE l.task_id = t.id AND l.expires_at > statement_timestamp())
"""
_END = "LIMIT {count} FOR NO KEY UPDATE OF t SKIP LOCKED"

_CANDIDATES = f"""
SELECT t.id FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
WHERE t.dataset_id = %(dataset)s AND NOT t.is_reserved {_WANTED} + {_EXPECTED} < t.overlap
ORDER BY t.answers, t.priority DESC, t.id {_END}
"""
_URGENT = f"""
SELECT t.id FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
WHERE t.dataset_id = %(dataset)s AND NOT t.is_reserved AND t.priority >= {URGENT} {_WANTED} + {_EXPECTED} < t.overlap
ORDER BY t.priority DESC, t.id {_END}
"""
# Of what has answers and wants more, the first ones, if this person may give one: an item is finished before another is
# begun, so that agreement can be told early. No more are looked at, since they may all be this person's own.
_BEGUN = f"""
SELECT t.id FROM (
    SELECT b.id FROM annotations_task b
    WHERE b.dataset_id = %(dataset)s AND b.state = 'open' AND NOT b.is_reserved AND b.answers > 0
    ORDER BY b.answers, b.priority DESC, b.id LIMIT {_BEGUN_LOOKED_AT}) first
JOIN annotations_task t ON t.id = first.id JOIN datasets_item i ON i.id = t.item_id
WHERE NOT t.is_reserved {_WANTED} + {_EXPECTED} < t.overlap
ORDER BY t.answers DESC, t.priority DESC, t.id {_END}
"""
# what a grid page is made of, beside the tasks that were wanted for it: a share drawn by chance, in queue order
_OTHERS = f"""
SELECT t.id FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
WHERE t.dataset_id = %(dataset)s AND NOT t.is_reserved AND (t.is_random OR NOT %(only_random)s)
  AND t.id NOT IN (SELECT unnest(%(preferred)s::bigint[])) {_WANTED} + {_EXPECTED} < t.overlap
ORDER BY t.answers, t.priority DESC, t.id {_END}
"""
_PREFERRED = f"""
SELECT t.id FROM unnest(%(preferred)s::bigint[]) WITH ORDINALITY p (id, place)
JOIN annotations_task t ON t.id = p.id JOIN datasets_item i ON i.id = t.item_id
WHERE t.dataset_id = %(dataset)s AND NOT t.is_reserved AND NOT t.is_random {_WANTED} + {_EXPECTED} < t.overlap
ORDER BY p.place {_END}
"""
_ASSIGNED = f"""
SELECT t.id FROM annotations_assignment mine
JOIN annotations_task t ON t.id = mine.task_id JOIN datasets_item i ON i.id = t.item_id
WHERE mine.dataset_id = %(dataset)s AND mine.user_id = %(user)s AND mine.is_open {_WANTED} < t.overlap
ORDER BY mine.id {_END}
"""

_GRANT = f"""
INSERT INTO annotations_lease (task_id, user_id, expires_at, created_at)
SELECT t.id, %(user)s, statement_timestamp() + %(seconds)s * interval '1 second', statement_timestamp()
FROM annotations_task t
WHERE t.id = ANY(%(tasks)s) AND t.state = 'open'
  AND NOT {_HAS_ANSWERED}
  AND t.answers + (
      SELECT count(*) FROM annotations_lease l
      WHERE l.task_id = t.id AND l.user_id <> %(user)s AND l.expires_at > statement_timestamp()) < t.overlap
ON CONFLICT (task_id, user_id) DO UPDATE SET expires_at = excluded.expires_at
RETURNING task_id
"""


_TASK, _ITEM = Columns(Task, "t"), Columns(Item, "i")
_IS_DISCUSSED = "EXISTS (SELECT 1 FROM annotations_taskcomment m WHERE m.task_id = t.id AND m.resolved_at IS NULL)"
_LOAD = f"""
SELECT {_TASK.sql}, {_ITEM.sql}, {_IS_DISCUSSED}
FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id WHERE t.id = ANY(%s)
"""
# A lease does not wait for the disk, which an import keeps busy (decision 024): a Postgres that dies within the next
# half second forgets it, as if it had run out.
_GRANT_AND_LOAD = f"""
WITH granted AS ({_GRANT}), hurried AS (SELECT set_config('synchronous_commit', 'off', true))
SELECT {_TASK.sql}, {_ITEM.sql}, {_IS_DISCUSSED} FROM granted CROSS JOIN hurried
JOIN annotations_task t ON t.id = granted.task_id JOIN datasets_item i ON i.id = t.item_id
"""


# a project's open tasks that have room, no more of them than decide anything
_LEFT = """
SELECT t.id, t.overlap - t.answers FROM annotations_task t
WHERE t.dataset_id = ANY(%(datasets)s) AND t.state = 'open' AND NOT t.is_reserved LIMIT {most}
"""
_IN_HANDS = """
SELECT count(DISTINCT l.user_id) FILTER (WHERE l.user_id <> %(user)s), count(*) FILTER (WHERE l.user_id = %(user)s)
FROM annotations_lease l WHERE l.task_id = ANY(%(tasks)s) AND l.expires_at > statement_timestamp()
"""
_WAITING = """
SELECT count(*) FROM annotations_queuewait w
WHERE w.project_id = %(project)s AND w.user_id <> %(user)s
  AND w.asked_at > statement_timestamp() - interval '45 seconds'
  AND NOT EXISTS (
      SELECT 1 FROM annotations_lease l JOIN annotations_task t ON t.id = l.task_id
      WHERE l.user_id = w.user_id AND l.expires_at > statement_timestamp() AND t.state = 'open'
        AND t.dataset_id = ANY(%(datasets)s))
"""
_WAIT = """
INSERT INTO annotations_queuewait (project_id, user_id, asked_at) VALUES (%s, %s, statement_timestamp())
ON CONFLICT (project_id, user_id) DO UPDATE SET asked_at = excluded.asked_at
"""


@dataclass(frozen=True)
class Preference:
    """Tasks that belong together, the first wanted most, for a page of a grid. So that they do not push aside what is
    kept for unbiased evaluation, `share` of the page is drawn from the others: of the random arm, or of any.
    """

    tasks: tuple[int, ...]
    share: float
    only_random: bool = True


def lease_next(
    *,
    project: Project,
    user,
    count: int = 1,
    resume: bool = False,
    lease_seconds: int | None = None,
    labelling: Labelling | None = None,
    preference: Preference | None = None,
    share: bool = False,
) -> list[Task]:
    """Up to `count` tasks that want an answer of this user, leased to them; with their items, in queue order.

    `resume` gives back first what the user holds already, all of it, also where that is more than `count`: nobody else
    can have it meanwhile (a page that was reloaded asks so). With a `preference` the queue's order comes after it; what
    is assigned, and what was asked for again, still comes first. `labelling` saves reading it again where the
    caller has done so. With `share` the last tasks are divided among those who label, and who finds none waits for some
    of them (`renew`).
    """
    count = max(1, min(count, MAX_LEASES_AT_ONCE))
    labelling = labelling or read_labelling(project, user)
    settings = labelling.queue
    seconds = lease_seconds or settings.lease_seconds
    held = _list_held(project, user)[:MAX_LEASES_AT_ONCE] if resume else []
    if held:
        renew(project=project, user=user, task_ids=held)
    wanted = count - len(held)
    if share and wanted > 0 and not settings.is_only_assigned:
        wanted = _find_share(labelling, project, user, wanted)
    if wanted <= 0:
        return load_tasks(held)
    gold_count = sum(random.random() < settings.gold_share for _ in range(wanted)) if settings.gold_share else 0
    taken = _take_from_all(labelling, user, wanted - gold_count, seconds, preference)
    if gold_count:
        taken = _mix(project, user, labelling, taken, gold_count)
    if share and not held and not taken:
        with connection.cursor() as cursor:
            cursor.execute(_WAIT, [project.pk, user.pk])
    return [*(load_tasks(held) if held else []), *taken]


def renew(*, project: Project, user, task_ids: Sequence[int], share: bool = False) -> list[int]:
    """Keep leases alive; an expired one is taken again where the task still has room. Returns the ids held now. With
    `share` those at the end go to somebody who waits, if that is more than one's part of what is left."""
    if share and (rest := _find_surplus(project, user, task_ids)):
        release(project=project, user=user, task_ids=rest)
        task_ids = [pk for pk in task_ids if pk not in set(rest)]
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
        kept = _grant(user, locked, seconds)
        if len(kept) < len(wanted):
            kept |= gold.renew(user=user, task_ids=[pk for pk in wanted if pk not in kept], seconds=seconds)
        return sorted(kept)


def release(*, project: Project, user, task_ids: Sequence[int]) -> int:
    """Give leases back at once: the tasks go to whoever asks next. Returns how many were held."""
    leases = Lease.objects.filter(user=user, task__in=task_ids, task__dataset__project=project, expires_at__gt=Now())
    return leases.update(expires_at=Now())


def delete_stale_leases() -> int:
    """Drop leases that ran out so long ago that no late answer can be on its way."""
    return Lease.objects.filter(expires_at__lt=timezone.now() - KEEP_EXPIRED).delete()[0]


def load_tasks(task_ids: Sequence[int]) -> list[Task]:
    """Tasks with their items, in the order given."""
    tasks = _read_tasks(_LOAD, [list(task_ids)])
    return [tasks[pk] for pk in task_ids if pk in tasks]


def lend(*, user, task_id: int, seconds: int) -> bool:
    """Give this very task to a user if it has room; the caller holds its row lock."""
    return bool(_grant(user, [task_id], seconds))


def _list_held(project: Project, user) -> list[int]:
    leases = Lease.objects.filter(user=user, expires_at__gt=Now(), task__dataset__project=project)
    leases = leases.filter(Q(task__state="open") | Q(task__gold__is_active=True))
    return list(leases.order_by("created_at", "task_id").values_list("task_id", flat=True))


def _find_share(labelling: Labelling, project: Project, user, wanted: int) -> int:
    """How many more tasks this person may get, `wanted` at most: of what is left in the end everybody has the same
    part."""
    datasets = [supply.dataset_id for supply in labelling.supplies]
    with connection.cursor() as cursor:
        cursor.execute(_LEFT.format(most=wanted * _SHARED_BY), {"datasets": datasets})
        left = cursor.fetchall()
        if len(left) >= wanted * _SHARED_BY:
            return wanted
        part, mine = _divide(cursor, left, project, user, datasets)
    return max(min(wanted, part - mine), 0)


def _find_surplus(project: Project, user, task_ids: Sequence[int]) -> list[int]:
    """Which of these tasks, the last ones, are more than this person's part while somebody waits for any."""
    datasets = list(project.datasets.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"project": project.pk, "user": user.pk, "datasets": datasets})
        if not cursor.fetchone()[0] or find_settings(project).is_only_assigned:
            return []
        cursor.execute(_LEFT.format(most=MAX_LEASES_AT_ONCE * _SHARED_BY), {"datasets": datasets})
        part, _ = _divide(cursor, cursor.fetchall(), project, user, datasets)
    return list(task_ids[part:])


def _divide(
    cursor, left: Sequence[tuple[int, int]], project: Project, user, datasets: Sequence[int]
) -> tuple[int, int]:
    """(one person's part of these tasks, how many of them this one has)."""
    where = {"user": user.pk, "tasks": [pk for pk, _ in left], "project": project.pk, "datasets": list(datasets)}
    cursor.execute(_IN_HANDS, where)
    others, mine = cursor.fetchone()
    cursor.execute(_WAITING, where)
    others += cursor.fetchone()[0]
    room = sum(max(room, 1) for _, room in left)
    return (max(room // (others + 1), _SHARE_AT_LEAST) if others else MAX_LEASES_AT_ONCE), mine


def _mix(project: Project, user, labelling: Labelling, taken: list[Task], gold_count: int) -> list[Task]:
    """Gold items between the tasks, at places nobody can tell beforehand; none where there is no other work."""
    seconds = labelling.queue.lease_seconds
    probe = taken or _take_from_all(labelling, user, 1, seconds)
    if not probe:
        return []
    mixed = load_tasks(gold.lease(project=project, user=user, count=gold_count, seconds=seconds))
    if not taken and mixed:
        release(project=project, user=user, task_ids=[task.pk for task in probe])
        probe = []
    missing = gold_count - len(mixed) - (len(probe) - len(taken))
    probe += _take_from_all(labelling, user, missing, seconds)
    for task in mixed:
        probe.insert(random.randint(0, len(probe)), task)
    return probe


def _take_from_all(
    labelling: Labelling, user, count: int, seconds: int, preference: Preference | None = None
) -> list[Task]:
    taken: list[Task] = []
    for supply in labelling.supplies if count > 0 else ():
        stages = [
            (_ASSIGNED, supply.has_assigned),
            (_URGENT, supply.has_urgent),
            (_BEGUN, supply.has_begun and preference is None),
            (_CANDIDATES, True),
        ]
        for statement, is_there in stages[:1] if labelling.queue.is_only_assigned else stages:
            if statement == _CANDIDATES and preference is not None:
                taken += _take_preferred(preference, supply.dataset_id, user, count - len(taken), seconds)
            if is_there and len(taken) < count:
                taken += _take(statement, supply.dataset_id, user, count - len(taken), seconds)
    return taken


def _take_preferred(preference: Preference, dataset_id: int, user, count: int, seconds: int) -> list[Task]:
    drawn = sum(random.random() < preference.share for _ in range(count))
    where = {"preferred": list(preference.tasks), "only_random": preference.only_random}
    taken = _take(_OTHERS, dataset_id, user, drawn, seconds, **where)
    return taken + _take(_PREFERRED, dataset_id, user, count - len(taken), seconds, **where)


def _take(statement: str, dataset_id: int, user, count: int, seconds: int, **more: Any) -> list[Task]:
    """Lock, count again, grant; a few rounds, because others may have filled up what was locked."""
    taken: list[Task] = []
    passed: list[int] = []
    for _ in range(_ROUNDS):
        wanted = count - len(taken)
        if wanted <= 0:
            break
        with transaction.atomic(), open_cursor() if wanted <= _FEW else connection.cursor() as cursor:
            where = {"dataset": dataset_id, "user": user.pk, "passed": passed}
            cursor.execute(statement.format(count=wanted), where | more)
            candidates = [row[0] for row in cursor.fetchall()]
            granted = _read_tasks(_GRANT_AND_LOAD, _describe_grant(user, candidates, seconds)) if candidates else {}
        taken += [granted[task] for task in candidates if task in granted]
        passed += candidates
        if len(candidates) < wanted:
            break
    return taken


def _grant(user, task_ids: Sequence[int], seconds: int) -> set[int]:
    """Lease those tasks that still have room; their rows are locked by the caller."""
    with open_cursor() as cursor:
        cursor.execute(_GRANT, _describe_grant(user, task_ids, seconds))
        return {row[0] for row in cursor.fetchall()}


def _describe_grant(user, task_ids: Sequence[int], seconds: int) -> dict[str, Any]:
    return {"user": user.pk, "tasks": list(task_ids), "seconds": seconds}


def _read_tasks(sql: str, params: Sequence[Any] | Mapping[str, Any]) -> dict[int, Task]:
    tasks = {}
    for task, task.item, task.is_discussed in read_all(sql, params, _TASK, _ITEM):
        tasks[task.pk] = task
    return tasks
