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
from lifecycle.annotations.queue_selectors import find_settings
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

    Call in the transaction that inserted the items. `items` has item_id, annotation_id, label and result (Label Studio
    JSON, null where the label says it all). Returns how many annotations were written.
    """
    count = items.num_rows
    with connection.cursor() as cursor:
        task_ids = pa.array(bulk.reserve_ids(cursor, "annotations_task", count), pa.int64())
        labeled = items.append_column("task_id", task_ids).filter(items["annotation_id"].is_valid())
        cursor.execute("SELECT 1 FROM accounts_user WHERE id = %s FOR KEY SHARE", [collection.created_by_id])
        with bulk.trusted_references(cursor):
            _write_tasks(cursor, collection, items, task_ids)
            _write_annotations(cursor, collection, labeled)
    return labeled.num_rows


def _write_tasks(cursor, collection: Collection, items: pa.Table, task_ids: pa.Array) -> None:
    states = pc.if_else(items["annotation_id"].is_valid(), "done", "open")
    bulk.copy_rows(cursor, "annotations_task", {
        "id": task_ids,
        "dataset_id": collection.dataset_id,
        "item_id": items["item_id"],
        "state": states,
        "overlap": find_settings(collection.dataset.project).overlap,
        "answers": 0,
        "priority": 0,
        "skip_reason": "",
        "updated_at": timezone.now().isoformat(),
    }, items.num_rows)  # fmt: skip


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
