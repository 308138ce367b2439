"""Let final labels follow a schema, once the answers they come from did (`renames`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import transaction

from lifecycle.annotations.models import Annotation, LabelSchema, Task
from lifecycle.annotations.quality_models import FinalLabel
from lifecycle.annotations.schema_rules import SchemaChange, migrate_result
from lifecycle.contracts.label_interface import Interface
from lifecycle.datasets.services import record_labels
from lifecycle.projects.models import Project

BATCH = 500
_Versions = dict[int, dict[int, int | None]]  # item -> {current answer: the version before it}


def carry_final_labels(*, project: Project, schema: LabelSchema, change: SchemaChange, new: Interface) -> None:
    """A merged result gets a new version with the new names; the label of an item stays its final label where its
    current answers are still the ones that were weighed. What was done is not done again: safe to repeat."""
    finals = FinalLabel.objects.filter(item__dataset__project=project, annotation__isnull=False)
    found = finals.select_related("annotation", "item").order_by("pk").iterator(BATCH)
    while batch := list(islice(found, BATCH)):
        _carry_batch(project, schema, change, new, batch)


@transaction.atomic
def _carry_batch(
    project: Project, schema: LabelSchema, change: SchemaChange, new: Interface, batch: Sequence[FinalLabel]
) -> None:
    items = [final.item_id for final in batch]
    list(Task.objects.select_for_update(no_key=True).filter(item__in=items).order_by("pk"))
    versions = _read_versions(items)
    moved: list[FinalLabel] = []
    for final in batch:
        if _carry(final, schema, change, new, versions[final.item_id]):
            moved.append(final)
    behind = [(final, final.annotation) for final in moved if final.annotation is not None]
    Annotation.objects.bulk_create([annotation for _, annotation in behind if annotation.pk is None])
    for final, annotation in behind:
        final.annotation = annotation  # it has its key by now
    FinalLabel.objects.bulk_update(moved, ["value", "sources", "parts", "annotation"])
    weighed = [final for final in moved if versions[final.item_id].keys() == _list_sources(final)]
    for dataset in project.datasets.all():
        record_labels(dataset=dataset, labels=[(final.item_id, final.value, final.annotation_id) for final in weighed])


def _read_versions(items: Sequence[int]) -> _Versions:
    current = Annotation.objects.filter(
        item__in=items, is_current=True, kind=Annotation.Kind.ANSWER, origin=Annotation.Origin.HUMAN,
        value__isnull=False,
    )  # fmt: skip
    found: _Versions = defaultdict(dict)
    for item, pk, previous in current.values_list("item_id", "pk", "previous_id"):
        found[item][pk] = previous
    return found


def _list_sources(final: FinalLabel) -> set[int]:
    return {source["annotation"] for source in final.sources}


def _carry(
    final: FinalLabel, schema: LabelSchema, change: SchemaChange, new: Interface, versions: Mapping[int, int | None]
) -> bool:
    """Whether the final label changes with the schema; if so it is changed, and not saved."""
    behind = final.annotation
    assert behind is not None  # only those were asked for
    known = _list_sources(final)
    followed = {old: pk for pk, old in versions.items() if old is not None and old in known and pk not in known}
    result = migrate_result(behind.result, change, new)
    value = new.read_value(result)
    if value is None or (result == behind.result and not followed):
        return False
    final.value = value
    final.sources = [one | {"annotation": followed.get(one["annotation"], one["annotation"])} for one in final.sources]
    final.parts = [_rename_part(part, change, followed) for part in final.parts]
    if behind.kind == Annotation.Kind.CONSENSUS:
        final.annotation = Annotation(
            task_id=behind.task_id, item_id=behind.item_id, user_id=behind.user_id, origin=behind.origin,
            kind=behind.kind, is_current=False, result=result, value=value, sources=final.sources, previous=behind,
            schema_version=schema.version,
        )  # fmt: skip
    elif behind.pk in followed:
        final.annotation = Annotation.objects.get(pk=followed[behind.pk])
    return True


def _rename_part(part: dict[str, Any], change: SchemaChange, followed: Mapping[int, int]) -> dict[str, Any]:
    renamed = change.renamed.get(part["control"], {})
    said = ", ".join(renamed.get(name, name) for name in part["said"].split(", "))
    control = change.controls.get(part["control"], part["control"])
    return part | {
        "control": control,
        "said": said,
        "annotations": [followed.get(pk, pk) for pk in part["annotations"]],
    }
