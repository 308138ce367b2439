"""Choosing an encoder for a dataset, and having a worker encode what has no vector yet."""

from __future__ import annotations

from django.db import connection, transaction

from lifecycle.common.errors import Conflict
from lifecycle.contracts.embeddings import choose_encoder_kind
from lifecycle.datasets.models import Dataset
from lifecycle.embeddings.models import Encoder
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.services import record_event
from lifecycle.registry.models import ModelVersion

ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)


def choose_encoder(*, dataset: Dataset, model_version: ModelVersion | None = None) -> Encoder:
    """The encoder of the dataset's kind of items, or one of the project's models; made when it is new."""
    kind = Encoder.Kind.MODEL if model_version else choose_encoder_kind(dataset.item_kind)
    encoder, _ = Encoder.objects.get_or_create(dataset=dataset, kind=kind, model_version=model_version)
    return encoder


def start_embedding(*, encoder: Encoder, user) -> Encoder:
    """Have a worker encode the items that have no vector yet. While one is at it, nothing more is started."""
    with transaction.atomic():
        locked = lock_encoder(encoder)
        if locked.job is not None and locked.job.state in ACTIVE:
            return locked
        check_items(locked.dataset)
        locked.job = jobs.enqueue(
            kind="embed",
            title=f"Encode items with {locked}",
            spec={"encoder_id": locked.pk},
            project=locked.dataset.project,
            created_by=user,
            subject_type="encoder",
            subject_id=locked.pk,
        )
        locked.save(update_fields=["job", "updated_at"])
        _record(locked, user, "encoder.started", f"Started encoding the items with {locked}")
    return locked


def delete_encoder(*, encoder: Encoder, user) -> None:
    """Remove an encoder with its vectors, maps and searches; Conflict while a worker uses it."""
    with transaction.atomic():
        locked = lock_encoder(encoder)
        maps = list(locked.maps.select_related("job"))
        if any(job is not None and job.state in ACTIVE for job in (locked.job, *(m.job for m in maps))):
            raise Conflict("A job is working with this encoder. Cancel the job first, or wait for it.")
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {partition_name(locked)}")
        _record(locked, user, "encoder.deleted", f"Removed the vectors made with {locked}")
        locked.delete()


def lock_encoder(encoder: Encoder) -> Encoder:
    """The row, locked until the transaction ends."""
    rows = Encoder.objects.select_for_update(of=("self",)).select_related(
        "dataset__project", "job", "model_version__model"
    )
    return rows.get(pk=encoder.pk)


def partition_name(encoder: Encoder) -> str:
    """The table that holds this encoder's vectors."""
    return f"embeddings_vector_{int(encoder.pk)}"


def check_items(dataset: Dataset) -> None:
    """Raises Conflict for a dataset without items."""
    if not dataset.items.filter(excluded_at=None).exists():
        raise Conflict("There are no items yet; collect some first.")


def _record(encoder: Encoder, user, verb: str, summary: str) -> None:
    record_event(
        project=encoder.dataset.project,
        actor=user,
        verb=verb,
        summary=summary,
        object_type="encoder",
        object_id=str(encoder.pk),
    )
