"""Puts an export's rows together to tasks in Label Studio's words: whole, or no more of them than a table holds.

Rows come as plain tuples, in the order of `exports`' statements, and JSON as text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from lifecycle.annotations.external_payloads import (
    build_address,
    build_annotation,
    build_prediction,
    build_task,
    build_task_data,
)
from lifecycle.annotations.first_versions import find_first_versions
from lifecycle.annotations.label_studio import swap_names
from lifecycle.annotations.models import Annotation, Suggestion
from lifecycle.contracts.file_names import name_item
from lifecycle.contracts.label_exports import LabeledTask, Picture
from lifecycle.projects.models import Project

Rows = list[tuple[Any, ...]]
_Answers = dict[int, list[tuple[int, dict[str, Any]]]]  # {task: [(newest version, its body)]}
FLAT_LAYOUTS = ("JSON_MIN", "CSV", "TSV")
_NO_PICTURE = Picture("")


class _Item(NamedTuple):
    created_at: str
    pk: int
    text: str
    row: Any
    blob: str
    mime: str
    source_uri: str


class _Task(NamedTuple):
    """What `build_task` asks of a task."""

    pk: int
    state: str
    overlap: int
    external: Mapping[str, Any] | None
    updated_at: str
    item: _Item


class _Answer(NamedTuple):
    """What `build_annotation` asks of an annotation."""

    pk: int
    task_id: int
    user_id: int
    origin: str
    kind: str
    result: Any
    size: int
    previous_id: int | None
    lead_time_ms: int | None
    external: Mapping[str, Any] | None
    created_at: str


class BodyBuilder:
    """Puts tasks, answers and predictions of a batch together."""

    def __init__(self, project: Project, interface: Any, *, layout: str):
        self.project, self.interface = project, interface
        probe = [{"from_name": "label", "to_name": "item", "type": "x", "value": {}}]
        self.is_plain = list(swap_names(interface, probe)) == probe
        self.keeps_bytes = layout == "JSON" and self.is_plain
        self.has_suggestions = Suggestion.objects.filter(task__dataset__project=project).exists()
        self.build = self._build_flat if layout in FLAT_LAYOUTS else self._build_whole

    def _build_whole(self, rows: Rows, answer_rows: Rows) -> Iterator[LabeledTask]:
        answers = _sort_answers(answer_rows, self._describe)
        suggestions = self._read_suggestions([row[0] for row in rows])
        merged = self._read_merged([row[15] for row in rows], {row[0] for row in answer_rows})
        for row in rows:
            item = _Item(
                row[5], row[6], row[7], orjson.loads(row[8]) if row[8] else None, row[9], row[10] or "", row[16]
            )
            pk, state, overlap, external, updated_at = row[:5]
            task: Any = _Task(pk, state, overlap, orjson.loads(external) if external else None, updated_at, item)
            mine = answers.get(task.pk, ())
            described, proposals = [body for _, body in mine], suggestions.get(task.pk, ())
            skips = sum(1 for body in described if body["was_cancelled"])
            counts = {"answers": len(described) - skips, "skips": skips, "suggestions": len(proposals)}
            body = build_task(
                self.project, self.interface, task, annotations=described, predictions=proposals, counts=counts
            )
            name = name_item(item.pk, row[13], row[16])
            picture = Picture(name, item.blob, row[10], row[11], row[12], item.text, row[14])
            yield choose_answer(body, picture, mine, row[15], merged)

    def _build_flat(self, rows: Rows, answer_rows: Rows) -> Iterator[LabeledTask]:
        """With nothing that a flat layout does not write: that is most of a body."""
        answers = _sort_answers(answer_rows, self._describe_flat)
        for row in rows:
            data = build_task_data(
                self.interface,
                kept=orjson.loads(row[3]).get("data") if row[3] else None,
                text=row[7],
                row=orjson.loads(row[8]) if row[8] else None,
                address=build_address(self.project, blob=row[9], mime=row[10], source_uri=row[16]),
            )
            mine = [body for _, body in answers.get(row[0], ())]
            yield LabeledTask({"id": row[0], "data": data, "annotations": mine}, _NO_PICTURE)

    def _describe_flat(self, row: tuple[Any, ...], pk: int, at: str) -> dict[str, Any]:
        result, lead = orjson.loads(row[5]), row[8]
        return {
            "id": pk,
            "result": result if self.is_plain else swap_names(self.interface, result),
            "completed_by": row[2],
            "was_cancelled": row[4] == Annotation.Kind.SKIP,
            "created_at": at,
            "updated_at": row[10],
            "lead_time": None if lead is None else lead / 1_000,
        }

    def _describe(self, row: tuple[Any, ...], pk: int, at: datetime | str) -> dict[str, Any]:
        text, size, external = row[5], row[6], orjson.loads(row[9]) if row[9] else None
        result = [] if self.is_plain else orjson.loads(text)
        bare: Any = _Answer._make((*row[:5], result, *row[6:9], external, row[10]))
        body = build_annotation(self.project, self.interface, bare, id=pk, created_at=at)
        if self.is_plain:  # nothing to rename
            body["result"] = orjson.Fragment(text) if self.keeps_bytes else orjson.loads(text)
            body["result_count"] = size
        return body

    def _read_merged(self, counting: list[int | None], known: set[int]) -> dict[int, list[Any]]:
        """{annotation: result} of the labels that count and were merged out of several answers."""
        wanted = [pk for pk in counting if pk is not None and pk not in known]
        found = Annotation.objects.filter(pk__in=wanted, kind=Annotation.Kind.CONSENSUS) if wanted else ()
        return {one.pk: swap_names(self.interface, one.result) for one in found}

    def _read_suggestions(self, task_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        if self.has_suggestions:
            for one in Suggestion.objects.filter(task__in=task_ids).order_by("pk"):
                found[one.task_id].append(build_prediction(self.project, self.interface, one))
        return found


def _sort_answers(rows: Rows, describe: Callable[[tuple[Any, ...], int, Any], dict[str, Any]]) -> _Answers:
    """Each described under the id and the time of its first version, by which clients know it."""
    first = find_first_versions([row[0] for row in rows if row[7] is not None])
    found: _Answers = defaultdict(list)
    for row in rows:
        found[row[1]].append((row[0], describe(row, *first.get(row[0], (row[0], row[10])))))
    return found


def choose_answer(
    body: dict[str, Any],
    picture: Picture,
    answers: Sequence[tuple[int, dict[str, Any]]],
    counts_id: int | None,
    merged: Mapping[int, Sequence[Any]] = MappingProxyType({}),
) -> LabeledTask:
    """The answer that the item's label comes from, or what was merged out of several, else the newest that was not a
    skip."""
    if counts_id is not None and counts_id in merged:
        return LabeledTask(body, picture, merged[counts_id], counts_id)
    given = [(pk, one) for pk, one in answers if not one["was_cancelled"]]
    if not given:
        return LabeledTask(body, picture)
    chosen = next((one for pk, one in given if pk == counts_id), given[-1][1])
    return LabeledTask(body, picture, chosen["result"], chosen["id"])
