"""Label Studio's JSON beside sounds: every task is a row, and the class it was given its label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import orjson

from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import IngestSpec, Reject
from lifecycle.contracts.sounds import build_reference
from workers.engines.ingest.arrow_tables import flatten
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.formats.labelstudio import StudioTask, is_studio, read_task
from workers.engines.ingest.identity import compute_hash, encode_row
from workers.engines.ingest.kinds import is_missing
from workers.engines.ingest.records import Position, Record
from workers.engines.ingest.rows import add_sound, read_class_label
from workers.engines.ingest.sound_files import SoundFiles
from workers.engines.ingest.sources import SourceFile

Outcome = tuple[Position, Record | Reject]


def read_tasks(
    file: SourceFile, spec: IngestSpec, sounds: SoundFiles, split: str | None, after: int
) -> Iterator[Outcome] | None:
    """The tasks that stand after the `after`-th; None when the file is no list of tasks, or nothing sounds here."""
    if PurePosixPath(file.name.lower()).suffix != ".json" or not len(sounds.book):
        return None
    try:
        content = orjson.loads(file.read(spec.limits.label_file_bytes))
    except (orjson.JSONDecodeError, Refused):
        return None  # a reader of tables says what is wrong with it
    return _read_all(file, content, spec, sounds, split, after) if is_studio(content) else None


def _read_all(file, content, spec: IngestSpec, sounds: SoundFiles, split: str | None, after: int) -> Iterator[Outcome]:
    for number, entry in enumerate(content, start=1):
        position = file.position._replace(row=number)
        if number <= after:
            continue
        try:
            if not isinstance(entry, dict):
                raise Refused("this entry is no task")
            yield position, _build(file, read_task(entry), number, spec, sounds, split)
        except Refused as refused:
            yield position, Reject(file.uri, number, str(refused))


def _build(file, task: StudioTask, number: int, spec: IngestSpec, sounds: SoundFiles, split: str | None) -> Record:
    row = {str(name): flatten(value) for name, value in task.values.items() if not is_missing(value)}
    for name, value in row.items():
        sound = sounds.book.find(value, file.name) if isinstance(value, str) else None
        if sound is not None:
            row[name] = build_reference(sound.digest)
            sounds.book.mark_named([sound.digest])
            break
    else:
        raise Refused("the task names no sound that is among the files")
    content = encode_row(row)
    if len(content) > spec.limits.row_bytes or b"\\u0000" in content:
        raise Refused("the row is too large, or holds a NUL character")
    record = Record(
        content_hash=compute_hash(content),
        row=content.decode(),
        label=read_class_label(task.label),
        split=split,
        source_uri=f"{file.uri}#{number}",
        mime="application/json",
        byte_size=len(content),
        **event_times.say_of_task(task.values),
    )
    return add_sound(record, row, sounds.book)
