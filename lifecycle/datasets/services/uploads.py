"""Files on their way in. Every piece is a blob of its own, so that any web process can take the next one."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.datasets.models import Collection, Upload
from lifecycle.projects.models import Project

PART_BYTES = 8 << 20  # the largest piece a client may send at once
MAX_NAME_CHARS = 500
UNFINISHED_DAYS = 7  # so long a file that stopped arriving may be gone on with


class WrongOffset(Conflict):
    """The client is not where the server is; `received` says where to go on."""

    code = "wrong_offset"

    def __init__(self, received: int):
        super().__init__(f"The server has {received} bytes of this file; go on from there.")
        self.received = received


class OtherContent(Conflict):
    """A file that has the name of another."""

    code = "other_content"


def start_upload(*, project: Project, user, name: str, byte_size: int, collection: Collection | None = None) -> Upload:
    """Announce a file; its pieces follow with `append_part`."""
    name = _check_name(name)
    if byte_size <= 0:
        raise DomainError(f"{name} is empty.", fields={"byte_size": "The file is empty."})
    if byte_size > settings.MAX_UPLOAD_BYTES:
        most = settings.MAX_UPLOAD_BYTES / 1e9
        raise DomainError(f"{name} is larger than the {most:.1f} GB that this installation takes.")
    check_open(collection)
    return Upload.objects.create(
        project=project, collection=collection, name=name, byte_size=byte_size, created_by=user
    )


def append_part(*, upload: Upload, offset: int, content: bytes) -> Upload:
    """Add the piece that starts at byte `offset`; durable when this returns. The last one completes the file.

    Raises WrongOffset when the server has more or less of the file than the client thinks.
    """
    if len(content) > PART_BYTES:
        raise DomainError(f"Send at most {PART_BYTES} bytes at once.")
    if not content:
        raise DomainError("The piece is empty.")
    if offset != upload.received:
        raise WrongOffset(upload.received)
    if offset + len(content) > upload.byte_size:
        raise DomainError(f"{upload.name} was announced with {upload.byte_size} bytes; this piece goes beyond them.")
    digest = open_blobs(settings.STORAGE_URL).put(content)
    with transaction.atomic():
        locked = Upload.objects.select_for_update().get(pk=upload.pk)
        if locked.received != offset:
            raise WrongOffset(locked.received)
        locked.parts = [*locked.parts, digest]
        locked.received += len(content)
        if locked.received == locked.byte_size:
            locked.completed_at = timezone.now()
        locked.save(update_fields=["parts", "received", "completed_at", "updated_at"])
    return locked


def compare_part(*, upload: Upload, offset: int, content: bytes) -> None:
    """Whether a file chosen again, say after the browser was restarted, is the one that was begun: `content` is its
    first or its last piece so far. Raises OtherContent when it is another file."""
    digest = hashlib.sha256(content).hexdigest()
    is_first = offset == 0 and upload.parts[:1] == [digest]
    is_last = offset + len(content) == upload.received and upload.parts[-1:] == [digest]
    if not is_first and not is_last:
        raise OtherContent(f"This is not the file {upload.name} whose upload was begun.")


def delete_stale_uploads(*, days: int = UNFINISHED_DAYS) -> int:
    """Forget files that stopped arriving so long ago, and drafts that are empty without them."""
    before = timezone.now() - timedelta(days=days)
    with transaction.atomic():
        stale = Upload.objects.filter(completed_at=None, updated_at__lt=before).select_for_update()
        drafts = {upload.collection_id for upload in stale if upload.collection_id is not None}
        count, _ = Upload.objects.filter(pk__in=[upload.pk for upload in stale]).delete()
        Collection.objects.filter(pk__in=drafts, job=None, uploads=None, created_at__lt=before).delete()
    return count


def store_file(*, project: Project, user, name: str, file: BinaryIO, byte_size: int,
               collection: Collection | None = None) -> Upload:  # fmt: skip
    """A whole file at once, from a plain form: read piece by piece, never held in memory."""
    upload = start_upload(project=project, user=user, name=name, byte_size=byte_size, collection=collection)
    blobs = open_blobs(settings.STORAGE_URL)
    while content := file.read(PART_BYTES):
        upload.parts.append(blobs.put(content))
        upload.received += len(content)
    if upload.received != byte_size:
        raise DomainError(f"{upload.name} did not arrive whole; send it again.")
    upload.completed_at = timezone.now()
    upload.save(update_fields=["parts", "received", "completed_at", "updated_at"])
    return upload


def discard_upload(*, upload: Upload) -> None:
    """Take back a file before it is imported."""
    check_open(upload.collection)
    upload.delete()


def check_open(collection: Collection | None) -> None:
    """Raises Conflict once the import of a collection has begun."""
    if collection is not None and not collection.is_draft:
        raise Conflict("This import has already started; make a new one for more files.")


def _check_name(name: str) -> str:
    text = "".join(c if c.isprintable() else "\ufffd" for c in name.replace("\\", "/").strip().lstrip("/"))
    if not text:
        raise DomainError("The file has no name.", fields={"name": "A name is needed."})
    if len(text) > MAX_NAME_CHARS:
        raise DomainError(f"The file name is longer than {MAX_NAME_CHARS} characters.")
    return text
