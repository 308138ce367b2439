"""The fast way in for labels of brand-new items: items are written with them, tasks and annotations follow at once.

Nothing is updated: an import of a million labeled rows is inserts only. What an import says about items that were there
before goes through `imports.record_imported_labels`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.utils import timezone

from lifecycle.annotations import rules, selectors
from lifecycle.annotations.models import QueueSettings
from lifecycle.annotations.ordering_rules import compute_draw
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.assignment import note_new_tasks
from lifecycle.annotations.services.ordering import WORKED_OUT, note_change
from lifecycle.common import bulk
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Collection
from lifecycle.projects.models import Project

ANNOTATION_TABLE = "annotations_annotation"


def read_values(*, project: Project, labels: Iterable[str]) -> dict[str, str]:
    """{label as imported: value as stored}; labels that the schema does not allow are left out."""
    schema = selectors.find_schema(project)
    kind = get_problem_type(project.problem_type).label_kind
    if kind in rules.DRAWN_KINDS:  # the label only sums up the result that comes with it
        return {label: label for label in labels}
    interface = selectors.read_interface(project, schema) if schema else None
    classes = rules.list_importable(kind, interface, schema.classes if schema else ())
    values = {}
    for label in labels:
        try:
            values[label] = rules.read_value(kind, classes, rules.build_result(kind, label))  # type: ignore[arg-type]
        except (ValueError, OverflowError):
            continue
    return values


def adopt_labels(*, collection: Collection, items: pa.Table) -> int:
    """Tasks for items that were written a moment ago, and the annotations behind the labels they have.

    Call in the transaction that inserted the items. `items` has item_id, content_hash, annotation_id, label and result
    (Label Studio JSON, null where the label says it all). Returns how many annotations were written. Tasks take their
    place in the order, and go to those whom a rule gives them, once the clock has seen to it.
    """
    count = items.num_rows
    with connection.cursor() as cursor:
        task_ids = pa.array(bulk.reserve_ids(cursor, "annotations_task", count), pa.int64())
        labeled = items.append_column("task_id", task_ids).filter(items["annotation_id"].is_valid())
        cursor.execute("SELECT 1 FROM accounts_user WHERE id = %s FOR KEY SHARE", [collection.created_by_id])
        with bulk.trusted_references(cursor):
            _write_tasks(cursor, collection, items, task_ids)
            _write_annotations(cursor, collection, labeled)
    project_id = collection.dataset.project_id
    note_change(project_id=project_id, orders=WORKED_OUT)
    note_new_tasks(project_id=project_id)
    return labeled.num_rows


def _write_tasks(cursor, collection: Collection, items: pa.Table, task_ids: pa.Array) -> None:
    states = pc.if_else(items["annotation_id"].is_valid(), "done", "open")
    settings = find_settings(collection.dataset.project)
    draws = pa.array([compute_draw(digest) for digest in items["content_hash"].to_pylist()], pa.float64())
    is_random = pc.less(draws, settings.random_share)
    bulk.copy_rows(cursor, "annotations_task", {
        "id": task_ids,
        "dataset_id": collection.dataset_id,
        "item_id": items["item_id"],
        "state": states,
        "overlap": settings.overlap,
        "answers": 0,
        "priority": _place(settings.order, draws, is_random),
        "is_random": is_random,
        "skip_reason": "",
        "updated_at": timezone.now().isoformat(),
    }, items.num_rows)  # fmt: skip


def _place(order: str, draws: pa.Array, is_random: pa.Array) -> pa.Array:
    """Priorities until the order is worked out: at random all by their draw; else the random arm alone, and the others
    as they came."""
    if order == QueueSettings.Order.RANDOM:
        return draws
    return pc.if_else(pc.and_(is_random, order != QueueSettings.Order.TIME), draws, 0.0)


def _write_annotations(cursor, collection: Collection, labeled: pa.Table) -> None:
    project = collection.dataset.project
    schema = selectors.find_schema(project)
    bulk.copy_rows(cursor, ANNOTATION_TABLE, {
        "id": labeled["annotation_id"],
        "task_id": labeled["task_id"],
        "item_id": labeled["item_id"],
        "user_id": collection.created_by_id,
        "origin": "import",
        "kind": "answer",
        "result": _build_results(get_problem_type(project.problem_type).label_kind, labeled),
        "value": labeled["label"],
        "reason": "",
        "is_current": True,
        "schema_version": schema.version if schema else 1,
        "created_at": timezone.now().isoformat(),
    }, labeled.num_rows)  # fmt: skip


def _build_results(kind: str, labeled: pa.Table) -> pa.Array:
    """Results as they were imported, else made from the label; each different label is made once."""
    given = labeled["result"].combine_chunks()
    codes = labeled["label"].combine_chunks().filter(given.is_null()).dictionary_encode()
    made = pa.array(
        [json.dumps(rules.build_result(kind, value)) for value in codes.dictionary.to_pylist()], pa.string()
    )
    return pc.replace_with_mask(given, given.is_null(), made.take(codes.indices))
