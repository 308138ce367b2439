"""Reads of grid mode."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache
from django.db import connection

from lifecycle.annotations.assistance_rules import is_hidden
from lifecycle.annotations.models import AssistanceSettings, LabelSchema, Lease
from lifecycle.annotations.selectors import find_schema, read_interface
from lifecycle.contracts.label_interface import Interface, find_question_of_sets
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.projects.models import Project

LOOKED_AT = 20_000  # open tasks from the head of the queue: beyond that, a page of one guess is full anyway
KEPT_SECONDS = 60  # who has a page takes the next one of the same list

_BY_GUESS = """
WITH waiting AS (
    SELECT t.id FROM annotations_task t JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE d.project_id = %(project)s AND t.state = 'open' AND NOT t.is_reserved AND NOT t.is_random
    ORDER BY t.answers, t.priority DESC, t.id LIMIT %(most)s
)
SELECT w.id FROM waiting w CROSS JOIN LATERAL (
    SELECT s.value, s.score FROM annotations_suggestion s
    WHERE s.task_id = w.id AND s.source_id IS NOT DISTINCT FROM %(source)s
      AND (%(version)s = '' OR s.model_version = %(version)s)
    ORDER BY s.id DESC LIMIT 1) guess
WHERE guess.value IS NOT NULL ORDER BY guess.value, guess.score DESC NULLS LAST, w.id
"""


def find_sets(project: Project, schema: LabelSchema | None) -> Interface | None:
    """The interface of a project whose items have several classes out of one list, and are asked nothing else."""
    if schema is None or get_problem_type(project.problem_type).label_kind != LabelKind.FREE:
        return None
    interface = read_interface(project, schema)
    return interface if find_question_of_sets(interface) else None


def has_grid(project: Project) -> bool:
    """Whether its items can be labeled many at a time."""
    if get_problem_type(project.problem_type).label_kind == LabelKind.CLASS:
        return True
    return find_sets(project, find_schema(project)) is not None


def list_lent_items(project: Project, user, task_ids: Sequence[int]) -> dict[int, int]:
    """{task id: item id} of those tasks that were lent to this person, in the order asked for."""
    leases = Lease.objects.filter(user=user, task__in=task_ids, task__dataset__project=project)
    items = dict(leases.values_list("task_id", "task__item_id"))
    return {task_id: items[task_id] for task_id in task_ids if task_id in items}


def list_by_guess(project: Project, shown: AssistanceSettings) -> list[int]:
    """Open tasks by what is suggested to people, class by class and the surest first. Those that are shown without a
    suggestion are not among them: their place would tell it.
    """
    source = shown.source
    if source is None:
        return []
    key = f"guesses:{project.pk}:{source.pk}:{source.written_at}"
    found = cache.get(key)
    if found is None:
        is_client = source.kind == source.Kind.CLIENT
        where = {"project": project.pk, "source": None if is_client else source.pk, "most": LOOKED_AT}
        with connection.cursor() as cursor:
            cursor.execute(_BY_GUESS, where | {"version": source.version if is_client else ""})
            found = [row[0] for row in cursor.fetchall()]
        cache.set(key, found, KEPT_SECONDS)
    return [pk for pk in found if not is_hidden(shown.seed, pk, shown.hidden_share)]
