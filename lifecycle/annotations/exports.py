"""Reads a project's labels for an export: tasks in Label Studio's words, a batch in memory at a time.

Rows come as plain tuples and results as text: an export of a million tasks makes no model instances. While one batch is
written, the database reads the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS, connections

from lifecycle.annotations import selectors
from lifecycle.annotations.export_bodies import BodyBuilder, Rows, choose_answer
from lifecycle.annotations.final_bodies import keep_final, mark_final
from lifecycle.annotations.models import LabelExport, Task
from lifecycle.annotations.services.external import get_interface
from lifecycle.contracts.file_names import name_item
from lifecycle.contracts.label_exports import LAYOUTS, LabeledTask, LabelExportSpec, LabelLayout, Picture, list_layouts
from lifecycle.contracts.label_exports import split_layout as split_layout
from lifecycle.contracts.label_interface import parse_interface
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project

BATCH = 2_000

# times as text: a million of them as objects take ten seconds, and all that is done with them is to write them down
_TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_CAPTURED = "to_char(i.event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
_TASKS = f"""
SELECT t.id, t.state, t.overlap, t.external::text, {_TIME.format("t.updated_at")}, {_TIME.format("i.created_at")}, i.id,
       i.text, i.row::text, i.blob, i.mime,
       i.width, i.height, left(i.content_hash, 8), {_CAPTURED}, i.label_annotation_id, i.source_uri
FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
WHERE t.dataset_id = ANY(%(datasets)s) AND i.excluded_at IS NULL AND t.id > %(after)s
  AND (NOT %(answered)s OR EXISTS (
      SELECT 1 FROM annotations_annotation a WHERE a.task_id = t.id AND a.is_current AND a.kind <> 'withdrawn'))
ORDER BY t.id LIMIT %(count)s
"""
_ANSWERS = f"""
SELECT a.id, a.task_id, a.user_id, a.origin, a.kind, a.result::text, jsonb_array_length(a.result), a.previous_id,
       a.lead_time_ms, a.external::text, {_TIME.format("a.created_at")}
FROM annotations_annotation a
WHERE {{which}} ORDER BY a.task_id, a.id
"""
_CURRENT = "a.task_id {} AND a.is_current AND a.kind <> 'withdrawn'"
_MERGED = _ANSWERS.format(which="a.id = ANY(%s) AND a.kind = 'consensus'")
_PICTURES = f"""
SELECT t.id, i.id, left(i.content_hash, 8), i.blob, i.mime, i.width, i.height, i.text, {_CAPTURED}, i.source_uri
FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
WHERE t.dataset_id = ANY(%s) AND t.id = ANY(%s)
"""


def list_project_layouts(project: Project) -> list[LabelLayout]:
    """The layouts that can hold something of what the project's schema asks."""
    schema = selectors.find_schema(project)
    if schema is None:
        return []
    try:
        types = {control.type for control in parse_interface(schema.config).controls}
    except ValueError:  # a configuration from before it was read this way
        types = set()
    return list_layouts(types, get_problem_type(project.problem_type).item_kind)


def describe(export: LabelExport) -> LabelExportSpec:
    """What the engine is told."""
    layout, with_pictures = split_layout(export.layout)
    schema = selectors.find_schema(export.project)
    count = Task.objects.filter(dataset__project=export.project).count()
    total = export.parent.task_count if export.parent else count
    return LabelExportSpec(layout, tuple(schema.classes if schema else ()), with_pictures, total)


def stream_tasks(
    project: Project, *, layout: str, only_annotated: bool = False, only_final: bool = False
) -> Iterator[LabeledTask]:
    """Every task with its labels, oldest first. For JSON results stay the bytes that the database holds.

    `only_final` gives instead of everybody's answers the one that counts, with what it came from.
    """
    interface = get_interface(project)
    builder = BodyBuilder(project, interface, layout=layout)
    where = {"datasets": list(project.datasets.values_list("pk", flat=True)), "answered": only_annotated}
    for tasks, answers in _read_ahead(where):
        if only_final:
            yield from mark_final(list(builder.build(tasks, keep_final(tasks, answers, _MERGED))))
        else:
            yield from builder.build(tasks, answers)


def _read_ahead(where: Mapping[str, Any]) -> Iterator[tuple[Rows, Rows]]:
    """(tasks, their answers) of each batch. The thread asks on this connection, so that it sees what this one sees."""
    link = connections[DEFAULT_DB_ALIAS]

    def read(after: int) -> tuple[Rows, Rows]:
        tasks = _fetch(_TASKS, {**where, "after": after, "count": BATCH}, link)
        return tasks, _fetch(*_ask_for_answers([row[0] for row in tasks]), link)

    link.inc_thread_sharing()
    try:
        with ThreadPoolExecutor(1, "export") as pool:
            coming = pool.submit(read, 0)
            while True:
                tasks, answers = coming.result()
                if len(tasks) == BATCH:
                    coming = pool.submit(read, tasks[-1][0])
                if tasks:
                    yield tasks, answers
                if len(tasks) < BATCH:
                    return
    finally:
        link.dec_thread_sharing()


def _ask_for_answers(task_ids: Sequence[int]) -> tuple[str, list[Any]]:
    """Tasks that lie close together are named by their ends, which is read twice as fast as a list of them."""
    if task_ids and task_ids[-1] - task_ids[0] < 2 * len(task_ids):
        return _ANSWERS.format(which=_CURRENT.format("BETWEEN %s AND %s")), [task_ids[0], task_ids[-1]]
    return _ANSWERS.format(which=_CURRENT.format("= ANY(%s)")), [task_ids]


def stream_snapshot(project: Project, path: Path) -> Iterator[LabeledTask]:
    """The tasks of a snapshot in JSON, a line each, as an export wrote them; pictures are looked up again."""
    datasets = list(project.datasets.values_list("pk", flat=True))
    with open(path, "rb") as lines:
        for batch in _split(_read_lines(lines)):
            pictures = {row[0]: row[1:] for row in _fetch(_PICTURES, [datasets, [body["id"] for body in batch]])}
            for body in batch:
                pk, digest, *rest, source = pictures.get(
                    body["id"], (body["id"], "gone", "", "", None, None, "", None, "")
                )
                picture = Picture(name_item(pk, digest, source), *rest)
                yield choose_answer(body, picture, [(a["id"], a) for a in body["annotations"]], None)


def _read_lines(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        content = line.strip().removeprefix(b"[").rstrip(b",]\n") if line.strip() != b"[]" else b""
        if content:
            yield orjson.loads(content)


def _split(bodies: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for body in bodies:
        batch.append(body)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def list_exports(project: Project) -> list[LabelExport]:
    """The newest exports with their jobs, for the page."""
    found = LabelExport.objects.filter(project=project).select_related("created_by", "job", "parent")
    return list(found.order_by("-pk")[:50])


def find_export(project: Project, export_id: int) -> LabelExport | None:
    return LabelExport.objects.filter(project=project, pk=export_id).select_related("job").first()


def find_title(layout: str) -> str:
    """What a person calls a layout."""
    key, with_pictures = split_layout(layout)
    title = LAYOUTS[key].title if key in LAYOUTS else key
    return f"{title} with pictures" if with_pictures else title


def _fetch(sql: str, where: Any, link: Any = None) -> Rows:
    with (link or connections[DEFAULT_DB_ALIAS]).cursor() as cursor:
        cursor.execute(sql, where)
        return cursor.fetchall()
