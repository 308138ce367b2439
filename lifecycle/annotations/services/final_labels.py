"""Write final labels with the answers they come from, batch by batch; a repeat writes the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from lifecycle.accounts.models import User
from lifecycle.annotations.models import Annotation, ConsensusRun, FinalLabel, Task
from lifecycle.datasets.models import Item
from lifecycle.datasets.services import record_labels

BATCH = 1_000
Recording = Callable[[], AbstractContextManager[Any]]

_WRITE = """
INSERT INTO annotations_finallabel (run_id, item_id, value, posterior, is_doubtful, sources, annotation_id, parts)
SELECT %(run)s, item, value, posterior, doubtful, sources::jsonb, annotation, parts::jsonb
FROM unnest(
    %(items)s::bigint[], %(values)s::text[], %(posteriors)s::float8[], %(doubtful)s::bool[], %(sources)s::text[],
    %(annotations)s::bigint[], %(parts)s::text[])
    AS new (item, value, posterior, doubtful, sources, annotation, parts)
ON CONFLICT (item_id) DO UPDATE SET run_id = excluded.run_id, value = excluded.value,
    posterior = excluded.posterior, is_doubtful = excluded.is_doubtful, sources = excluded.sources,
    annotation_id = excluded.annotation_id, parts = excluded.parts
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
    """The final label of one item, and the answer that says it; or `result`, where nobody said just that."""

    task_id: int
    item_id: int
    value: str
    posterior: float
    sources: tuple[Source, ...]
    annotation_id: int | None = None
    result: list[dict[str, Any]] | None = None
    parts: Sequence[Mapping[str, Any]] = ()
    schema_version: int = 1
    has_more: bool = False  # the annotation says more than `value` does


@dataclass
class Counts:
    """What was written so far."""

    items: int = 0
    changed: int = 0  # labels that became others
    doubtful: int = 0

    def add(self, other: Counts) -> None:
        self.items += other.items
        self.changed += other.changed
        self.doubtful += other.doubtful


def choose_source(sources: Sequence[Source]) -> int:
    """Of answers that say the same, the one that the label is said to come from: the weightiest, of these the last."""
    return max(sources, key=lambda source: (source.weight, source.annotation)).annotation


def write_batch(run: ConsensusRun, batch: Sequence[Verdict], recording: Recording) -> Counts:
    """Write final labels; what was answered anew meanwhile is left as it is."""
    if not batch:
        return Counts()
    with recording(), transaction.atomic():
        fresh = _find_unchanged(batch)
        behind = _write_merged(run, fresh)
        now = {pk: (label, annotation) for pk, label, annotation in
               Item.objects.filter(pk__in=[one.item_id for one in fresh])
               .values_list("pk", "label", "label_annotation_id")}  # fmt: skip
        # a class is the same whoever says it
        changed = [
            one for one in fresh
            if now[one.item_id][0] != one.value or one.has_more and now[one.item_id][1] != behind[one.item_id]
        ]  # fmt: skip
        doubtful = [one.posterior < run.min_posterior for one in fresh]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, {
                "run": run.pk,
                "items": [one.item_id for one in fresh],
                "values": [one.value for one in fresh],
                "posteriors": [one.posterior for one in fresh],
                "doubtful": doubtful,
                "sources": [_dump(describe_sources(one.sources)) for one in fresh],
                "annotations": [behind[one.item_id] for one in fresh],
                "parts": [_dump(list(one.parts)) for one in fresh],
            })  # fmt: skip
        for dataset in run.project.datasets.all():
            record_labels(dataset=dataset, labels=[(one.item_id, one.value, behind[one.item_id]) for one in changed])
    return Counts(len(fresh), len(changed), sum(doubtful))


def _find_unchanged(batch: Sequence[Verdict]) -> list[Verdict]:
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


def _write_merged(run: ConsensusRun, fresh: Sequence[Verdict]) -> dict[int, int | None]:
    """{item: the annotation behind its final label}. A merged result gets a row of its own, in the name of whoever had
    it worked out; one that came out before, of the same answers, is kept as it is."""
    found = {one.item_id: one.annotation_id for one in fresh}
    merged = [one for one in fresh if one.result is not None]
    if not merged:
        return found
    earlier = {
        final.item_id: final.annotation
        for final in FinalLabel.objects.filter(
            item__in=[one.item_id for one in merged], annotation__kind=Annotation.Kind.CONSENSUS
        ).select_related("annotation")
    }
    made = []
    for one in merged:
        before, sources = earlier.get(one.item_id), describe_sources(one.sources)
        if before and (before.result, before.sources) == (one.result, sources):
            found[one.item_id] = before.pk
            continue
        made.append(
            Annotation(
                task_id=one.task_id, item_id=one.item_id, user=run.created_by or run.project.created_by,
                origin=Annotation.Origin.CONSENSUS, kind=Annotation.Kind.CONSENSUS, is_current=False,
                result=one.result, value=one.value, sources=sources, previous=before,
                schema_version=one.schema_version,
            )
        )  # fmt: skip
    found |= {row.item_id: row.pk for row in Annotation.objects.bulk_create(made)}
    return found


def describe_people(counts: Mapping[int, int], accuracies: Mapping[int, float] | None) -> list[dict[str, Any]]:
    """`ConsensusRun.people`: who gave how many answers; how often they are right, where that was learned."""
    names = dict(User.objects.filter(pk__in=list(counts)).values_list("pk", "username"))
    people = [
        {
            "user": user,
            "username": names.get(user, ""),
            "answers": count,
            "accuracy": round(accuracies[user], 4) if accuracies is not None else None,
        }
        for user, count in counts.items()
    ]
    return sorted(people, key=lambda person: (person["accuracy"] or 0, person["username"]))


def describe_sources(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """`FinalLabel.sources`."""
    return [vars(source) for source in sources]


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()
