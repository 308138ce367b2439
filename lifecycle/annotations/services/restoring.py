"""Bring answers back as they were when a version was made: as new versions of the answers, with nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services.answers import settle
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.services import record_labels
from lifecycle.projects.models import Project

Kind = Annotation.Kind
LabelThen = tuple[int, str | None, int | None]  # item id, its label then, the annotation it came from


def restore_answers(*, project: Project, moment: datetime, labels: Sequence[LabelThen]) -> int:
    """Give everyone who answered one of these items the answer they had at `moment`; returns how many items have
    the label of then. The annotation behind a label counts as its author's answer of then."""
    label_kind = get_problem_type(project.problem_type).label_kind
    then = {item_id: (label, annotation_id) for item_id, label, annotation_id in labels}
    with transaction.atomic():
        tasks = Task.objects.select_for_update(of=("self",)).select_related("item", "dataset")
        tasks = tasks.filter(dataset__project=project, item_id__in=then).order_by("pk")
        done = 0
        for task in tasks:
            _turn_back(task, moment, then[task.item_id][1])
            settle(task, label_kind)
            _recall_consensus(task, *then[task.item_id])
            task.item.refresh_from_db(fields=["label"])
            done += task.item.label == then[task.item_id][0]
    return done


def _recall_consensus(task: Task, label: str | None, annotation_id: int | None) -> None:
    """Where the label was merged out of several answers, that is nobody's answer to bring back: it counts again."""
    if annotation_id and task.annotations.filter(pk=annotation_id, kind=Kind.CONSENSUS).exists():
        record_labels(dataset=task.dataset, labels=[(task.item_id, label, annotation_id)])


def _turn_back(task: Task, moment: datetime, annotation_id: int | None) -> None:
    was: dict[int, Annotation] = {}
    now: dict[int, Annotation] = {}
    said = task.annotations.exclude(kind=Kind.CONSENSUS)
    for answer in said.order_by("pk"):
        if answer.created_at <= moment or answer.pk == annotation_id:
            was[answer.user_id] = answer
        if answer.is_current:
            now[answer.user_id] = answer
    named = next((answer for answer in was.values() if answer.pk == annotation_id), None)
    if annotation_id and named is None:
        named = said.filter(pk=annotation_id).first()
        if named:
            was[named.user_id] = named
    for user_id in sorted(was.keys() | now.keys()):
        _set_current(task, user_id, was.get(user_id), now.get(user_id))


def _set_current(task: Task, user_id: int, wanted: Annotation | None, current: Annotation | None) -> None:
    """A copy of `wanted` on top of `current`, unless they say the same; a withdrawal where there was no answer."""
    if current is None and wanted is None:
        return
    if (
        current
        and wanted
        and (current.kind, current.result, current.reason) == (wanted.kind, wanted.result, wanted.reason)
    ):
        return
    if wanted is None and current and current.kind == Kind.WITHDRAWN:
        return
    if current:
        Annotation.objects.filter(pk=current.pk).update(is_current=False)
    source = wanted or current
    assert source is not None  # _says_the_same told that one of them is there
    Annotation.objects.create(
        task=task,
        item_id=task.item_id,
        user_id=user_id,
        origin=source.origin,
        kind=wanted.kind if wanted else Kind.WITHDRAWN,
        result=wanted.result if wanted else [],
        value=wanted.value if wanted else None,
        reason=wanted.reason if wanted else "",
        previous=current,
        schema_version=source.schema_version,
        guide_version=source.guide_version,
    )
