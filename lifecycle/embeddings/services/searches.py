"""Looking for items like a sentence or a picture: the query is encoded by a worker, once, and kept."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import IntegrityError, transaction

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.datasets.models import Dataset
from lifecycle.embeddings.models import Encoder, Search
from lifecycle.embeddings.services.encoders import ACTIVE
from lifecycle.jobs import services as jobs

MAX_TEXT = 2_000
MAX_PICTURE_BYTES = 20 << 20
ROWS = (
    "Rows are not searched by meaning: a sentence has no place among their columns. Filter the items by words and "
    "columns, or ask for the rows like one of them."
)


def search_text(*, dataset: Dataset, encoder: Encoder | None, user, text: str) -> Search:
    """Items like this sentence; only where items are texts."""
    text = " ".join(text.replace("\0", " ").split())[:MAX_TEXT]
    if not text:
        raise DomainError("Say what you look for.", fields={"q": "Type a few words."})
    if dataset.item_kind == "row":
        raise DomainError(ROWS)
    if dataset.item_kind != "text":
        raise DomainError("Only texts can be searched by a sentence. Search pictures with a picture.")
    encoder = _check_encoded(encoder)
    return _find_or_start(encoder, user, text=text, blob="", digest=hashlib.sha256(text.encode()).hexdigest())


def search_picture(*, dataset: Dataset, encoder: Encoder | None, user, content: bytes) -> Search:
    """Items like this picture; only where items are pictures."""
    if dataset.item_kind == "row":
        raise DomainError(ROWS)
    if dataset.item_kind != "image":
        raise DomainError("Only pictures can be searched by a picture.")
    encoder = _check_encoded(encoder)
    if not content or len(content) > MAX_PICTURE_BYTES:
        raise DomainError(f"Send a picture of at most {MAX_PICTURE_BYTES >> 20} MB.", fields={"picture": "Choose one."})
    blob = open_blobs(settings.STORAGE_URL).put(content)
    return _find_or_start(encoder, user, text="", blob=blob, digest=blob)


def _check_encoded(encoder: Encoder | None) -> Encoder:
    if encoder is None or not encoder.dimension:
        raise Conflict("The items have not been encoded yet. Draw a map first: that encodes them.")
    return encoder


def _find_or_start(encoder: Encoder, user, *, text: str, blob: str, digest: str) -> Search:
    with transaction.atomic():
        try:
            with transaction.atomic():
                search = Search.objects.create(
                    encoder=encoder, text=text, blob=blob, content_hash=digest, created_by=user
                )
        except IntegrityError:
            search = (
                Search.objects.select_for_update(of=("self",))
                .select_related("job")
                .get(encoder=encoder, content_hash=digest)
            )
        if search.embedding is None and (search.job is None or search.job.state not in ACTIVE):
            search.job = jobs.enqueue(
                kind="search",
                title=f"Encode “{text[:80]}”" if text else "Encode a picture to look for",
                spec={"search_id": search.pk},
                project=encoder.dataset.project,
                created_by=user,
                subject_type="search",
                subject_id=search.pk,
                max_attempts=2,
            )
            search.save(update_fields=["job", "updated_at"])
    return search


def record_search(*, search: Search, vector) -> None:
    """The query's vector. Call within the job's transaction."""
    Search.objects.filter(pk=search.pk).update(embedding=vector)
