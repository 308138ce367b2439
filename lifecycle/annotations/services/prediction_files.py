"""Predictions that people bring along: a file becomes a source of suggestions, its rows are matched with tasks."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from lifecycle.annotations import rules
from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.assistance_rules import measure_uncertainty
from lifecycle.annotations.label_studio import read_content
from lifecycle.annotations.models import SuggestionSource
from lifecycle.annotations.selectors import get_schema
from lifecycle.annotations.services.external import get_interface
from lifecycle.annotations.services.external_labels import LabelReader
from lifecycle.annotations.services.suggestions import Draft, create_source, record_run, write
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError
from lifecycle.contracts.label_exports import SPANS
from lifecycle.contracts.predictions import Row, Span
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.jobs import services as jobs
from lifecycle.projects.models import Project

ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".zip")
MAX_BYTES = 2 * 1024**3
BLOB = re.compile(r"(?:^|/)([0-9a-f]{64})(?:[/?#.]|$)")
PLAIN_KINDS = (LabelKind.CLASS, LabelKind.NUMBER)


@dataclass
class Tally:
    """What came of a file so far."""

    written: int = 0
    unmatched: int = 0
    said: list[str] = field(default_factory=list)

    def refuse(self, place: int | str, reason: str) -> None:
        """`place` is a line, or a region's own."""
        self.unmatched += 1
        if len(self.said) < 20:
            named = f"Line {place}" if isinstance(place, int) else place[:1].upper() + place[1:]
            self.said.append(f"{named}: {reason}")


def import_file(*, project: Project, actor, path: str | Path, file_name: str, title: str = "") -> SuggestionSource:
    """Keep a file of predictions and read it in a job."""
    if not file_name.lower().endswith(ENDINGS):
        sentence = "Send a .csv, .tsv, .jsonl, .json or .zip file of predictions."
        raise DomainError(sentence, fields={"file": sentence})
    if Path(path).stat().st_size > MAX_BYTES:
        raise DomainError("The file is larger than 2 GB.", fields={"file": "At most 2 GB."})
    get_interface(project)  # says what to do where nothing is asked yet
    blob = open_blobs(settings.STORAGE_URL).put_file(path)
    with transaction.atomic():
        source = create_source(
            project=project,
            actor=actor,
            kind=SuggestionSource.Kind.FILE,
            title=title or file_name,
            file_name=file_name[:300],
            blob=blob,
            version=(title or file_name)[:200],
        )
        source.job = jobs.enqueue(
            kind="predictions",
            title=f"Read predictions of {file_name}",
            spec={"source_id": source.pk, "since": selectors.find_newest_id()},
            project=project,
            created_by=actor,
            subject_type="suggestion_source",
            subject_id=source.pk,
        )
        source.save(update_fields=["job", "updated_at"])
    return source


def restart(*, source: SuggestionSource, since: int) -> None:
    """Take back what an attempt that was killed has written: it is read from the beginning."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM annotations_suggestion WHERE source_id = %s AND id > %s", [source.pk, since])


def write_batch(*, source: SuggestionSource, rows: Sequence[Row], tally: Tally) -> None:
    """Match rows with tasks, read their answers against the schema, and store those that fit."""
    reader = _Reader(source.project)
    tasks = _match(source.project, reader, rows)
    drafts = {}
    for row in rows:
        task_id = tasks.get(row.line)
        if task_id is None:
            tally.refuse(row.line, "No item of this project is like that.")
            continue
        try:
            result, value = reader.read(row)
        except ValueError as error:
            tally.refuse(row.line, str(error))
            continue
        uncertainty = measure_uncertainty(row.score, row.result)
        drafts[task_id] = Draft(task_id, result, value, row.score, uncertainty, row.version)
    tally.written += write(source=source, rows=list(drafts.values()))


def finish(*, source: SuggestionSource, tally: Tally) -> SuggestionSource:
    return record_run(source=source, written=tally.written, unmatched=tally.unmatched, said=tally.said)


class _Reader:
    """Answers of a file in the project's own names; ValueError says what is wrong with one."""

    def __init__(self, project: Project):
        self.kind = get_problem_type(project.problem_type).label_kind
        self.interface = get_interface(project)
        self.classes = set(get_schema(project).classes)
        self.labels = LabelReader(self.interface)

    def read(self, row: Row) -> tuple[list[dict[str, Any]], str | None]:
        if row.result is not None:
            proposal = self.labels.read_proposal({"result": row.result})
            return proposal.result, proposal.value
        if row.spans:
            return self._read_spans(row.spans)
        if self.kind not in PLAIN_KINDS:
            raise ValueError("This project asks for more than a class: give a Label Studio result instead of a label.")
        value = _read_number(row.label) if self.kind == LabelKind.NUMBER else row.label
        if self.kind == LabelKind.CLASS and value not in self.classes:
            raise ValueError(f"“{value[:60]}” is not a class of this project's label schema.")
        return rules.build_result(self.kind, value), value

    def _read_spans(self, spans: Sequence[Span]) -> tuple[list[dict[str, Any]], str | None]:
        controls = [one for one in self.interface.controls if one.type in SPANS]
        entries = []
        for number, span in enumerate(spans, start=1):
            control = next((one for one in controls if span.label in one.values), None)
            if control is None:
                raise ValueError(f"“{span.label[:60]}” is no label of a span in this project's label schema.")
            value = {"start": span.start, "end": span.end, control.type: [span.label]}
            entries.append({"id": f"s{number}", "from_name": control.name, "to_name": control.to[0],
                            "type": control.type, "value": value})  # fmt: skip
        proposal = self.labels.read_proposal({"result": self.interface.swap_names(entries)})
        return proposal.result, proposal.value


def _read_number(label: str) -> str:
    try:
        number = float(label)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"“{label[:60]}” is not a number.")
    return rules.format_number(number)


def _match(project: Project, reader: _Reader, rows: Sequence[Row]) -> dict[int, int]:
    """{line: task id}: by the item's or task's id, by where the item came from, or by its content."""
    wanted: dict[str, dict[int, Any]] = {"i.id": {}, "t.id": {}, "i.source_uri": {}, "i.content_hash": {}}
    for row in rows:
        column, key = _find_key(reader, row)
        if column:
            wanted[column][row.line] = key
    found: dict[int, int] = {}
    for column, lines in wanted.items():
        tasks = _look_up(project, column, list(set(lines.values())))
        found |= {line: tasks[key] for line, key in lines.items() if key in tasks}
    return found


def _find_key(reader: _Reader, row: Row) -> tuple[str, Any]:
    if row.item is not None:
        return "i.id", row.item
    if row.task is not None:
        return "t.id", row.task
    if row.text:
        return "i.content_hash", hashlib.sha256(row.text.encode("utf-8", "replace")).hexdigest()
    if row.source:
        return _find_address(row.source)
    try:
        content = read_content(reader.interface, row.data)
    except ValueError:
        return "", None
    return _find_address(content.address) if content.address else ("i.content_hash", content.digest)


def _find_address(address: str) -> tuple[str, Any]:
    """An address of ours has the content's hash in it."""
    blob = BLOB.search(address)
    return ("i.content_hash", blob[1]) if blob else ("i.source_uri", address)


def _look_up(project: Project, column: str, keys: list[Any]) -> dict[Any, int]:
    if not keys:
        return {}
    kind = "bigint" if column in ("i.id", "t.id") else "text"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {column}, t.id FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
                JOIN datasets_dataset d ON d.id = i.dataset_id
                WHERE d.project_id = %s AND {column} = ANY(%s::{kind}[])""",
            [project.pk, keys],
        )
        return dict(cursor.fetchall())
