"""One file, many texts: sentences with tagged tokens, and the tasks of a Label Studio export."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import orjson

from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import IngestSpec, Reject
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.fingerprints import compute_text
from workers.engines.ingest.formats import regions
from workers.engines.ingest.formats.conll import BadSentence, looks_like_conll, read_conll
from workers.engines.ingest.formats.labelstudio import StudioTask, find_text, is_studio, read_task
from workers.engines.ingest.identity import compute_hash
from workers.engines.ingest.items_from_files import decode_text
from workers.engines.ingest.records import Position, Record
from workers.engines.ingest.rows import check_text, read_class_label
from workers.engines.ingest.sources import SourceFile

Outcome = tuple[Position, Record | Reject]
CONLL_SUFFIXES = (".conll", ".conll03", ".bio", ".bioes", ".iob", ".iob2", ".ner")
SNIFFED_LINES = 200


def read_document(file: SourceFile, spec: IngestSpec, split: str | None, after: int) -> Iterator[Outcome] | None:
    """The texts in the file that stand after the `after`-th; None when it is no such file."""
    suffix = PurePosixPath(file.name.lower()).suffix
    try:
        if suffix in CONLL_SUFFIXES or (suffix == ".txt" and spec.label_kind == "spans"):
            lines = decode_text(file.read(spec.limits.label_file_bytes)).splitlines()
            if suffix in CONLL_SUFFIXES or looks_like_conll(lines[:SNIFFED_LINES]):
                return _read_sentences(file, lines, spec, split, after)
        elif suffix == ".json":
            content = _parse(file, spec)
            if isinstance(content, list) and is_studio(content):
                return _read_tasks(file, content, spec, split, after)
    except Refused as refused:
        return iter([(file.position, Reject(file.uri, None, str(refused)))])
    return None


def is_document(file: SourceFile, spec: IngestSpec) -> bool:
    """Whether `read_document` has anything to say about the file."""
    return read_document(file, spec, None, 0) is not None


def build_text(
    text: str, spans: Sequence[regions.Span] | None, uri: str, spec: IngestSpec, *, label: str | None, split: str | None
) -> tuple[Record, list[str]]:
    """A text with its label or its spans, and a sentence for each span that was left out. Raises Refused."""
    content = check_text(text, spec.limits.text_chars)
    result, problems = None, list[str]()
    if spec.label_kind == "spans":
        label = None
        if spans is not None:
            results, problems = regions.build_spans(spans, text)
            if results or not problems:
                label, result = regions.summarize(results), json.dumps(results)
    record = Record(
        content_hash=compute_hash(content),
        text=text,
        label=label,
        split=split,
        source_uri=uri,
        mime="text/plain",
        byte_size=len(content),
        fingerprint=compute_text(text),
        result=result,
    )
    return record, problems


def _read_sentences(file, lines: Sequence[str], spec: IngestSpec, split: str | None, after: int) -> Iterator[Outcome]:
    for number, sentence in enumerate(read_conll(lines), start=1):
        position = file.position._replace(row=number)
        if number <= after:
            continue
        if isinstance(sentence, BadSentence):
            yield position, Reject(file.uri, sentence.line, sentence.reason)
            continue
        uri = f"{file.uri}#{sentence.line}"
        try:
            yield position, build_text(sentence.text, sentence.spans, uri, spec, label=None, split=split)[0]
        except Refused as refused:
            yield position, Reject(file.uri, sentence.line, str(refused))


def _read_tasks(file, content: Sequence[object], spec: IngestSpec, split: str | None, after: int) -> Iterator[Outcome]:
    for number, entry in enumerate(content, start=1):
        position = file.position._replace(row=number)
        if number <= after:
            continue
        if not isinstance(entry, dict):
            yield position, Reject(file.uri, number, "this entry is no task")
            continue
        try:
            yield from _build_task(file, read_task(entry), number, spec, split)
        except Refused as refused:
            yield position, Reject(file.uri, number, str(refused))


def _build_task(file, task: StudioTask, number: int, spec: IngestSpec, split: str | None) -> Iterator[Outcome]:
    position = file.position._replace(row=number)
    label = read_class_label(task.label) if spec.label_kind == "class" else None
    record, problems = build_text(
        find_text(task.values), task.spans, f"{file.uri}#{number}", spec, label=label, split=split
    )
    yield position, record._replace(**event_times.say_of_task(task.values))
    for problem in (*task.problems, *problems):
        yield position, Reject(file.uri, number, problem)


def _parse(file: SourceFile, spec: IngestSpec) -> object:
    """The JSON, None where it is none: a reader of tables says then what is wrong with it."""
    try:
        return orjson.loads(file.read(spec.limits.label_file_bytes))
    except orjson.JSONDecodeError:
        return None
