"""What scripts do to many tasks at once through the Label Studio door: delete labels, make labels of predictions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from django.db import transaction
from django.db.models import QuerySet

from lifecycle.annotations import suggestion_selectors
from lifecycle.annotations.label_studio import swap_names
from lifecycle.annotations.models import Annotation, Suggestion, Task
from lifecycle.annotations.services import backends, webhooks
from lifecycle.annotations.services.external import get_interface
from lifecycle.annotations.services.external_labels import LabelReader, lock_tasks, settle_tasks, write_answers
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project

BATCH = 1_000  # tasks in one transaction
_GONE = Annotation.Kind.WITHDRAWN


def delete_labels(*, project: Project, tasks: QuerySet[Task], user_id: int | None = None) -> int:
    """Take back every answer to these tasks, or one person's, as `delete_answer` does with one; returns how many.

    Their versions stay in the history.
    """
    return _do_in_batches(tasks, lambda ids: _withdraw(project, ids, user_id))


def delete_suggestions(*, tasks: QuerySet[Task], version: str | None = None) -> int:
    """Delete every suggestion for these tasks, whoever made it, or those of one version; returns how many."""
    found = Suggestion.objects.all() if version is None else Suggestion.objects.filter(model_version=version)
    return _do_in_batches(tasks, lambda ids: found.filter(task__in=ids).delete()[0])


def answer_by_suggestions(
    *, project: Project, user, tasks: QuerySet[Task], versions: Sequence[str] | None = None
) -> tuple[int, int]:
    """Make answers of this user, as imported ones, of what was suggested for these tasks: of the newest suggestion of
    each version, or of the named versions only. What they said before word for word is not said twice.

    Returns (how many are new, how many suggestions do not fit the questions that are asked now).
    """
    reader, refused = LabelReader(get_interface(project)), 0
    written = 0
    for ids in _batch(tasks):
        found = Suggestion.objects.filter(task__in=ids)
        found = found if versions is None else found.filter(model_version__in=versions)
        newest = found.order_by("task_id", "model_version", "source_id", "-pk")
        rows = []
        for one in newest.distinct("task_id", "model_version", "source_id"):
            try:
                raw = {"result": swap_names(reader.interface, one.result), "parent_prediction": one.pk}
                rows.append((one.task_id, reader.read_answer(raw)))
            except ValueError:
                refused += 1
        with transaction.atomic():
            fresh = write_answers(project=project, user=user, rows=rows)
            webhooks.notify_import(project=project, count=fresh)
        written += fresh
    return written, refused


def ask_backends(*, project: Project, user) -> int:
    """Have every ML backend of the project that is not at work suggest answers to the open tasks; returns how many."""
    found = suggestion_selectors.list_backends(project)
    idle = [one for one in found if one.job is None or one.job.state not in (Job.State.QUEUED, Job.State.RUNNING)]
    for source in idle:
        backends.ask(source=source, user=user, action="predict")
    return len(idle)


def _withdraw(project: Project, task_ids: Sequence[int], user_id: int | None) -> int:
    with transaction.atomic():
        tasks = lock_tasks(project, sorted(task_ids))
        given = Annotation.objects.filter(task__in=tasks, is_current=True).exclude(kind=_GONE)
        if user_id is not None:
            given = given.filter(user=user_id)
        rows = list(given.order_by("pk"))
        Annotation.objects.filter(pk__in=[row.pk for row in rows]).update(is_current=False)
        gone = Annotation.objects.bulk_create(
            Annotation(
                task_id=row.task_id,
                item_id=row.item_id,
                user_id=row.user_id,
                origin=row.origin,
                kind=_GONE,
                previous=row,
                is_current=row.origin == Annotation.Origin.HUMAN,
                schema_version=row.schema_version,
            )
            for row in rows
        )
        settle_tasks(project, tasks, sorted({row.task_id for row in rows}))
        webhooks.notify_withdrawn(project=project, annotations=gone)
    return len(rows)


def _do_in_batches(tasks: QuerySet[Task], do: Callable[[list[int]], int]) -> int:
    return sum(do(ids) for ids in _batch(tasks))


def _batch(tasks: QuerySet[Task]) -> Iterator[list[int]]:
    """Ids read before anything is done to them: what is done may change which tasks are meant."""
    ids = list(tasks.order_by("pk").values_list("pk", flat=True))
    for at in range(0, len(ids), BATCH):
        yield ids[at : at + BATCH]
