"""One file, one item: pictures and plain texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lifecycle.contracts.ingest import IngestSpec, PutBlobs, Reject
from workers.engines.ingest import exif
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.fingerprints import compute_text
from workers.engines.ingest.folders import FolderSays
from workers.engines.ingest.formats import regions
from workers.engines.ingest.identity import compute_hash
from workers.engines.ingest.images import ImageFacts, check_image
from workers.engines.ingest.label_book import Said
from workers.engines.ingest.records import Position, Record
from workers.engines.ingest.rows import check_text, read_class_label
from workers.engines.ingest.sources import SourceFile

Outcome = tuple[Position, Record | Reject]
BATCH_FILES = 2_000
BATCH_BYTES = 24_000_000
DECODERS = 2  # Pillow lets go of the interpreter while it decodes
TEXT_ENCODINGS = ("utf-8-sig", "cp1252")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_images(
    files: Iterator[SourceFile | tuple[Position, Reject]],
    spec: IngestSpec,
    says: Callable[[SourceFile], Said],
    put_blobs: PutBlobs,
) -> Iterator[Outcome]:
    """Decode and store pictures batch by batch: memory holds one batch, the disk is asked to sync once a batch."""
    batch: list[tuple[SourceFile | tuple[Position, Reject], bytes]] = []
    size = 0
    with ThreadPoolExecutor(DECODERS) as pool:
        for file in files:
            content = b""
            if isinstance(file, SourceFile):
                try:
                    content = file.read(spec.limits.file_bytes)
                except Refused as refused:
                    file = (file.position, Reject(file.uri, None, str(refused)))
            batch.append((file, content))
            size += len(content)
            if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
                yield from _store_batch(batch, spec, says, put_blobs, pool)
                batch, size = [], 0
        yield from _store_batch(batch, spec, says, put_blobs, pool)


def _store_batch(batch, spec, says, put_blobs, pool) -> Iterator[Outcome]:
    found = list(pool.map(partial(_check, spec=spec), batch, chunksize=16))
    good = [content for (_, content), facts in zip(batch, found, strict=True) if isinstance(facts, ImageFacts)]
    digests = iter(put_blobs(good) if good else ())
    for (file, content), facts in zip(batch, found, strict=True):
        if not isinstance(file, SourceFile):
            yield file
        elif isinstance(facts, Refused):
            yield file.position, Reject(file.uri, None, str(facts))
        else:
            yield from _build_record(file, next(digests), facts, len(content), says(file), spec.label_kind)


def _check(entry, *, spec: IngestSpec) -> ImageFacts | Refused | None:
    file, content = entry
    if not isinstance(file, SourceFile):
        return None
    try:
        return check_image(content, spec.limits)
    except Refused as refused:
        return refused


def _build_record(
    file: SourceFile, digest: str, facts: ImageFacts, byte_size: int, said: Said, label_kind: str
) -> Iterator[Outcome]:
    """The picture, and a reject for each part of its label that makes no sense."""
    label, result, problems = read_said(said, facts.width, facts.height, label_kind)
    event_time, origin = said.event_time, said.event_time_origin
    if event_time is None and facts.taken_at:
        event_time, origin = facts.taken_at, exif.ORIGIN
    record = Record(
        content_hash=digest,
        blob=digest,
        label=label,
        group=said.group,
        split=said.split,
        source_uri=file.uri,
        mime=facts.mime,
        width=facts.width,
        height=facts.height,
        byte_size=byte_size,
        fingerprint=facts.fingerprint,
        picture_print=facts.print,
        result=result,
        event_time=event_time,
        event_time_origin=origin,
    )
    yield file.position, record
    for problem in problems:
        yield file.position, Reject(said.source, None, f"{file.name}: {problem}")


def read_said(said: Said, width: int, height: int, label_kind: str) -> tuple[str | None, str | None, list[str]]:
    """(label, result as JSON, what was left out) of what label files and folders say about a picture."""
    if label_kind == "regions":
        if said.shapes is None:
            return None, None, []
        results, problems = regions.build_shapes(said.shapes, width, height)
        if problems and not results:
            return None, None, problems  # what is on it could not be read: that is not nothing
        return regions.summarize(results), json.dumps(results), problems
    if said.label is not None or not said.shapes:
        return said.label, None, []
    names = sorted({shape.label for shape in said.shapes})
    if len(names) == 1:
        return names[0], None, []
    return None, None, [f"its boxes are of {len(names)} classes, and a picture has one class in this project"]


def read_text_file(file: SourceFile, spec: IngestSpec, says: FolderSays) -> Outcome:
    """A plain text file as one item."""
    try:
        text = decode_text(file.read(spec.limits.text_chars * 4))
        content = check_text(text, spec.limits.text_chars)
        record = Record(
            content_hash=compute_hash(content),
            text=text,
            label=read_class_label(says.label) if spec.label_kind == "class" else None,
            split=says.split,
            source_uri=file.uri,
            mime="text/plain",
            byte_size=len(content),
            fingerprint=compute_text(text),
        )
        return file.position, record
    except Refused as refused:
        return file.position, Reject(file.uri, None, str(refused))


def decode_text(content: bytes) -> str:
    """The characters of a text file; Refused when it is none."""
    for encoding in ("utf-16",) if content.startswith(UTF16_MARKS) else TEXT_ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("this is not text in a known encoding")
