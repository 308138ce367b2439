"""How many tasks, answers and predictions the Label Studio door tells of: a fixed number of statements for any number
of projects, and of very many answers as they were up to COUNTS_SECONDS ago.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from django.core.cache import cache
from django.db import connection

from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

MANY_TASKS = 100_000
COUNTS_SECONDS = 30
NOTHING = {"tasks": 0, "finished": 0, "members": 0, "answers": 0, "skips": 0, "gold": 0, "ground_truth": 0,
           "annotated": 0, "suggestions": 0}  # fmt: skip

_COUNTED = ("answers", "skips", "gold", "ground_truth", "annotated")

# from an index alone: few items are left out of a project, and their tasks are taken off
_TASKS = """
SELECT p.id, d.id, (SELECT count(*) FROM projects_membership m WHERE m.project_id = p.id),
    coalesce(sum(c.n), 0)::bigint, coalesce(sum(c.n) FILTER (WHERE c.state = 'done'), 0)::bigint
FROM projects_project p LEFT JOIN datasets_dataset d ON d.project_id = p.id LEFT JOIN LATERAL (
    SELECT t.state, count(*) AS n FROM annotations_task t WHERE t.dataset_id = d.id GROUP BY t.state
    UNION ALL
    SELECT t.state, -count(*) FROM datasets_item i JOIN annotations_task t ON t.item_id = i.id
    WHERE i.dataset_id = d.id AND i.excluded_at IS NOT NULL GROUP BY t.state
) c ON true
WHERE p.id = ANY(%s) GROUP BY p.id, d.id
"""
# the datasets by their ids, so that the planner knows how many tasks they have
_LEFT_OUT = """NOT EXISTS (
    SELECT 1 FROM datasets_item i WHERE i.dataset_id = t.dataset_id AND i.excluded_at IS NOT NULL AND i.id = t.item_id)
"""
_ANSWERS = f"""
SELECT dataset_id, sum(answers)::bigint, sum(skips)::bigint, sum(gold)::bigint, sum(ground_truth)::bigint,
    count(*) FILTER (WHERE answers > 0)
FROM (
    SELECT t.dataset_id,
        count(*) FILTER (WHERE a.kind = 'answer') AS answers,
        count(*) FILTER (WHERE a.kind = 'skip') AS skips,
        count(*) FILTER (WHERE a.kind = 'gold') AS gold,
        count(*) FILTER (WHERE a.external @> '{{"ground_truth": true}}') AS ground_truth
    FROM annotations_task t JOIN annotations_annotation a ON a.task_id = t.id AND a.is_current
    WHERE t.dataset_id = ANY(%(datasets)s) AND (%(user)s::bigint IS NULL OR a.user_id = %(user)s) AND {_LEFT_OUT}
    GROUP BY t.dataset_id, t.id
) each_task GROUP BY dataset_id
"""
_SUGGESTIONS = f"""
SELECT t.dataset_id, count(*) FROM annotations_task t JOIN annotations_suggestion s ON s.task_id = t.id
WHERE t.dataset_id = ANY(%s) AND {_LEFT_OUT} GROUP BY t.dataset_id
"""


def count_projects(projects: Collection[Project], user, roles: Mapping[int, str]) -> dict[int, dict[str, int]]:
    """{project id: the counts of NOTHING}. `roles` says what the user may do in each: below a reviewer the answers are
    their own, and which of them are on gold items is not to be guessed.
    """
    counted = {project.pk: dict(NOTHING) for project in projects}
    datasets: dict[int, int] = {}  # -> project
    for pk, dataset, members, tasks, finished in _read(_TASKS, [list(counted)]):
        counts = counted[pk]
        counts |= {"tasks": counts["tasks"] + tasks, "finished": counts["finished"] + finished, "members": members}
        if dataset is not None:
            datasets[dataset] = pk
    seen = {pk for pk in counted if is_allowed(roles[pk], "reviewer")}
    labels = _count_own({dataset: pk for dataset, pk in datasets.items() if pk not in seen}, user)
    many = {pk for pk in seen if counted[pk]["tasks"] >= MANY_TASKS}
    labels |= _count_kept({dataset: pk for dataset, pk in datasets.items() if pk in seen}, many)
    return {pk: counts | labels.get(pk, {}) for pk, counts in counted.items()}


def count_project(project: Project, user, *, role: str) -> dict[str, int]:
    """`count_projects` of one."""
    return count_projects([project], user, {project.pk: role})[project.pk]


def count_project_tasks(project: Project) -> tuple[int, int]:
    """(tasks, those that are done), but for those of items that were left out."""
    rows = _read(_TASKS, [[project.pk]])
    return sum(row[3] for row in rows), sum(row[4] for row in rows)


def _count_own(datasets: Mapping[int, int], user) -> dict[int, dict[str, int]]:
    """{project: labels of this person}; answers on gold items are like others."""
    found = {}
    for pk, labels in _count_answers(datasets, user).items():
        given = labels["answers"] + labels["gold"]
        found[pk] = {"answers": given, "annotated": given, "skips": labels["skips"]}
    return found


def _count_kept(datasets: Mapping[int, int], many: Collection[int]) -> dict[int, dict[str, int]]:
    """{project: everybody's labels}. To count a million takes a second, and clients ask with every page of tasks."""
    names = {pk: f"label-studio-counts:{pk}" for pk in many}
    kept: dict[str, dict[str, int]] = cache.get_many(names.values()) if names else {}
    known = {pk: kept[name] for pk, name in names.items() if name in kept}
    wanted = {dataset: pk for dataset, pk in datasets.items() if pk not in known}
    fresh = _count_answers(wanted, None)
    for dataset, suggestions in _read(_SUGGESTIONS, [list(wanted)]) if wanted else ():
        labels = fresh.setdefault(wanted[dataset], {})
        labels["suggestions"] = labels.get("suggestions", 0) + suggestions
    if new := {names[pk]: labels for pk, labels in fresh.items() if pk in names}:
        cache.set_many(new, COUNTS_SECONDS)
    return known | fresh


def _count_answers(datasets: Mapping[int, int], user) -> dict[int, dict[str, int]]:
    """{project: answers of everybody, or of `user`}."""
    where = {"datasets": list(datasets), "user": user.pk if user else None}
    found: dict[int, Counter[str]] = {pk: Counter() for pk in datasets.values()}
    for dataset, *counts in _read(_ANSWERS, where) if datasets else ():
        found[datasets[dataset]].update(dict(zip(_COUNTED, counts, strict=True)))
    return {pk: {name: counts[name] for name in _COUNTED} for pk, counts in found.items()}


def _read(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
