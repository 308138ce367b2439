"""Bytes in and out over HTTP: posted files, pieces of files, pictures, sounds."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.exports import LAYOUTS
from lifecycle.contracts.label_exports import LAYOUTS as LABEL_LAYOUTS
from lifecycle.contracts.label_exports import split_layout
from lifecycle.datasets import renditions, selectors, services
from lifecycle.datasets.models import Collection, Item, Upload
from lifecycle.datasets.selectors import files

FOREVER = "private, max-age=31536000, immutable"  # content behind these addresses never changes
BLOCK_BYTES = 1 << 18
SOUNDS = {  # types that `workers.engines.ingest.sounds` finds; anything else is sent as bytes
    "audio/wav", "audio/mpeg", "audio/flac", "audio/ogg", "audio/mp4", "audio/aac", "audio/webm",
}  # fmt: skip
PICTURES = {"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"}  # types that browsers show
SANDBOX = "default-src 'none'; sandbox"


def store_posted(request, project, collection: Collection | None) -> list[Upload]:
    """Every file of a multipart form as an upload; `paths` (one for each file, in order) keeps dropped folders."""
    files, paths = request.FILES.getlist("files"), request.POST.getlist("paths")
    if not files:
        raise DomainError("No file was sent.", fields={"files": "Choose at least one file."})
    if paths and len(paths) != len(files):
        raise DomainError("There must be as many paths as files.", fields={"paths": "One for each file."})
    names = paths or [file.name for file in files]
    return [
        services.store_file(
            project=project, user=request.user, name=name, file=file, byte_size=file.size, collection=collection
        )
        for name, file in zip(names, files, strict=True)
    ]


def take_posted(request, project) -> list[int]:
    """Ids of the files of a form: those that arrived before it, in pieces, as `uploads`; the others come with it."""
    there = [
        int(word) for word in request.POST.getlist("uploads") if word.isascii() and word.isdigit() and len(word) < 19
    ]
    if there and not request.FILES.getlist("files"):
        return there
    return [*there, *(upload.pk for upload in store_posted(request, project, None))]


def read_offset(request) -> int:
    """The header Upload-Offset. Raises DomainError when it is no number."""
    text = request.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise DomainError("Say with the header Upload-Offset where this piece starts.")
    return int(text)


def respond_file(item: Item) -> FileResponse:
    """The item's blob as it was uploaded, as a download: nothing in it runs in our origin."""
    if not item.blob:
        raise NotFound("This item is not a file.")
    name = item.source_uri.rsplit("/", 1)[-1].rsplit("!", 1)[-1] or "file"
    stream = open_blobs(settings.STORAGE_URL).open(item.blob)
    response = FileResponse(stream, as_attachment=True, filename=name, content_type=item.mime)
    response["Cache-Control"] = FOREVER
    response["Content-Security-Policy"] = SANDBOX
    return response


def respond_sound(request, item: Item) -> HttpResponseBase:
    """The item's sound to be played: any range of it, so that a browser can seek in a long one."""
    if not item.is_sound:
        raise NotFound("This item has no sound.")
    if request.headers.get("If-None-Match") == f'"{item.blob}"':
        return HttpResponseNotModified()
    try:
        path = files.fetch_blob(item.blob)
    except FileNotFoundError:
        raise NotFound("The sound of this item is missing from storage.") from None
    response = respond_range(request, path, tag=item.blob)
    response["Content-Type"] = item.mime if item.mime in SOUNDS else "application/octet-stream"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def respond_original(request, item: Item) -> HttpResponseBase:
    """The item's picture as it came, to be shown and not to be run; the browser keeps it."""
    if not item.is_picture:
        raise NotFound("This item has no picture.")
    tag = f'"{item.blob}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": FOREVER})
    try:
        content = open_blobs(settings.STORAGE_URL).open(item.blob)
    except FileNotFoundError:
        raise NotFound("The picture of this item is missing from storage.") from None
    response = FileResponse(content, content_type=item.mime if item.mime in PICTURES else "application/octet-stream")
    if item.byte_size:
        response["Content-Length"] = str(item.byte_size)
    response["ETag"], response["Cache-Control"] = tag, FOREVER
    response["Content-Security-Policy"], response["X-Content-Type-Options"] = SANDBOX, "nosniff"
    return response


def respond_picture(request, item: Item, size: int) -> HttpResponse:
    """The item's picture re-encoded; the browser keeps it."""
    tag = f'"{item.blob[:32]}-{size}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    _, content = renditions.load_rendition(item, size)
    response = HttpResponse(content, content_type=renditions.MIME)
    response["Cache-Control"], response["ETag"] = FOREVER, tag
    response["Content-Security-Policy"] = SANDBOX
    return response


def respond_range(request, path, *, tag: str, filename: str = "") -> HttpResponseBase:
    """A file that never changes, whole or the range of bytes that was asked for."""
    size = path.stat().st_size
    first, last = _read_range(request.headers.get("Range", ""), size)
    if first >= size > 0:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return response
    is_part = (first, last) != (0, size - 1)
    content = _read_part(path, first, last - first + 1)
    stream = StreamingHttpResponse(content, status=206 if is_part else 200, content_type="application/octet-stream")
    stream["Content-Length"], stream["Accept-Ranges"] = last - first + 1, "bytes"
    stream["ETag"], stream["Cache-Control"] = f'"{tag}"', FOREVER
    stream["Content-Security-Policy"] = SANDBOX
    if is_part:
        stream["Content-Range"] = f"bytes {first}-{last}/{size}"
    if filename:
        stream["Content-Disposition"] = f'attachment; filename="{filename}"'
    return stream


def _read_range(header: str, size: int) -> tuple[int, int]:
    """First and last byte of ``bytes=a-b`` or ``bytes=a-``; everything for any other header."""
    found = re.fullmatch(r"bytes=(\d{1,18})-(\d{0,18})", header.strip(), re.ASCII)
    if found is None:
        return 0, size - 1
    first = int(found[1])
    last = int(found[2]) if found[2] else max(first, size - 1)
    return (first, min(last, size - 1)) if first <= last else (0, size - 1)


def _read_part(path, first: int, count: int):
    with open(path, "rb") as source:
        source.seek(first)
        while count > 0 and (block := source.read(min(BLOCK_BYTES, count))):
            count -= len(block)
            yield block


def respond_export(request, export) -> HttpResponseBase:
    """The file of an export that is done; ranges can be asked for, so that a download can be resumed."""
    if not export.blob:
        raise NotFound("This export is not written yet.")
    version, layout = export.version, LAYOUTS[export.layout]
    name = f"{version.dataset.project.slug}-v{version.number}-{layout.key}.{layout.suffix}"
    return respond_range(request, files.fetch_blob(export.blob), tag=export.blob, filename=name)


def respond_label_export(export) -> FileResponse:
    """The file of an export of labels that is done."""
    if not export.blob:
        raise NotFound("This export is not written yet.")
    layout = LABEL_LAYOUTS[split_layout(export.layout)[0]]
    stream = open_blobs(settings.STORAGE_URL).open(export.blob)
    response = FileResponse(stream, as_attachment=True, filename=export.file_name, content_type=layout.media_type)
    response["Content-Length"] = str(export.byte_size)
    response["Content-Security-Policy"] = SANDBOX
    return response


def respond_version(project, number: int, kind: str) -> StreamingHttpResponse:
    """A version's manifest as an attachment; `kind` is parquet or csv."""
    version = selectors.get_version(project, number)
    if kind not in selectors.DOWNLOADS:
        raise DomainError("Versions come as parquet or csv.")
    response = StreamingHttpResponse(selectors.stream_version(version, kind), content_type=selectors.DOWNLOADS[kind])
    response["Content-Disposition"] = f'attachment; filename="{project.slug}-v{version.number}.{kind}"'
    return response
