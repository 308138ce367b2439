"""One file, one item: pictures and plain texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from lifecycle.contracts.ingest import IngestSpec, PutBlobs, Reject
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.fingerprints import compute_text
from workers.engines.ingest.folders import FolderSays
from workers.engines.ingest.identity import compute_hash
from workers.engines.ingest.images import ImageFacts, check_image
from workers.engines.ingest.records import Position, Record
from workers.engines.ingest.rows import check_text, read_class_label
from workers.engines.ingest.sources import SourceFile

Outcome = tuple[Position, Record | Reject]
BATCH_FILES = 512
BATCH_BYTES = 24_000_000
DECODERS = 2  # Pillow lets go of the interpreter while it decodes
TEXT_ENCODINGS = ("utf-8-sig", "cp1252")


def read_images(
    files: Iterator[SourceFile | tuple[Position, Reject]],
    spec: IngestSpec,
    says: Callable[[str], FolderSays],
    put_blobs: PutBlobs,
) -> Iterator[Outcome]:
    """Decode and store pictures batch by batch: memory holds one batch, the disk is asked to sync once a batch."""
    batch: list[tuple[SourceFile | Outcome, bytes]] = []
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
            yield file.position, _build_record(file, next(digests), facts, len(content), says(file.name))


def _check(entry, *, spec: IngestSpec) -> ImageFacts | Refused | None:
    file, content = entry
    if not isinstance(file, SourceFile):
        return None
    try:
        return check_image(content, spec.limits)
    except Refused as refused:
        return refused


def _build_record(file: SourceFile, digest: str, facts: ImageFacts, byte_size: int, says: FolderSays) -> Record:
    return Record(
        content_hash=digest,
        blob=digest,
        label=says.label,
        split=says.split,
        source_uri=file.uri,
        mime=facts.mime,
        width=facts.width,
        height=facts.height,
        byte_size=byte_size,
        fingerprint=facts.fingerprint,
    )


def read_text_file(file: SourceFile, spec: IngestSpec, says: FolderSays) -> Outcome:
    """A plain text file as one item."""
    try:
        text = _decode(file.read(spec.limits.text_chars * 4))
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


def _decode(content: bytes) -> str:
    for encoding in TEXT_ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("this is not text in a known encoding")
