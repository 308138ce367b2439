"""Which encoders a project has, and how much of its dataset they have encoded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, QuerySet

from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors.collections import get_one
from lifecycle.embeddings.models import Encoder, Vector
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project
from lifecycle.registry.models import ModelVersion

ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)
RELATED = ("dataset__project", "job", "model_version__model", "model_version__artifact")
SHOWN_MODELS = 30


@dataclass(frozen=True)
class Coverage:
    """How many of the dataset's items have been tried, and how many of those could not be read."""

    total: int
    encoded: int
    unreadable: int

    @property
    def missing(self) -> int:
        return max(0, self.total - self.encoded - self.unreadable)


def list_encoders(project: Project) -> QuerySet[Encoder]:
    """Those of the project's dataset, the latest used first."""
    rows = Encoder.objects.filter(dataset__project=project).select_related(*RELATED)
    return rows.defer("model_version__artifact__manifest", "model_version__card")


def get_encoder(project: Project, encoder_id: int) -> Encoder:
    return get_one(list_encoders(project), encoder_id, "encoder")


def find_encoder(project: Project) -> Encoder | None:
    """The one that neighbors and searches use: the latest with vectors."""
    return list_encoders(project).filter(dimension__gt=0).first()


def find_query_encoder(project: Project) -> Encoder | None:
    """The one that searches use."""
    return _choose_for_queries(list_encoders(project).filter(dimension__gt=0))


def _choose_for_queries(encoders: Iterable[Encoder]) -> Encoder | None:
    """The pretrained one where there is one, as it knows more than one project's words; of equals the first."""
    usable = [encoder for encoder in encoders if encoder.kind != Encoder.Kind.COLUMNS]
    pretrained = (encoder for encoder in usable if encoder.kind != Encoder.Kind.MODEL)
    return next(pretrained, usable[0] if usable else None)


def load_encoder(encoder_id: int) -> Encoder:
    """For a job, which was authorized when it was made."""
    return Encoder.objects.select_related(*RELATED).get(pk=encoder_id)


def list_usable_models(project: Project) -> list[ModelVersion]:
    """The project's newest model versions: each can be an encoder."""
    versions = ModelVersion.objects.filter(model__project=project).select_related("model")
    return list(versions.only("number", "model__name").order_by("-pk")[:SHOWN_MODELS])


def get_usable_model(project: Project, version_id: int) -> ModelVersion:
    """A version of one of the project's models; NotFound otherwise."""
    return get_one(
        ModelVersion.objects.filter(model__project=project).select_related("model"), version_id, "model version"
    )


def find_last_job(project: Project) -> Job | None:
    """The newest embed or map job of the project; one that is at work comes before newer ones that ended."""
    jobs = Job.objects.filter(project=project, kind__in=("embed", "map"))
    return jobs.filter(state__in=ACTIVE).first() or jobs.first()


def measure_coverage(encoder: Encoder) -> Coverage:
    """Counted in the encoder's partition and an index of the items."""
    total = Item.objects.filter(dataset=encoder.dataset_id).count()
    rows = Vector.objects.filter(encoder=encoder)
    unreadable = rows.filter(embedding__isnull=True).count()
    return Coverage(total, rows.count() - unreadable, unreadable)


def count_missing(encoder: Encoder) -> int:
    """Items without a row of this encoder."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM datasets_item i WHERE i.dataset_id = %s AND NOT EXISTS (
                   SELECT 1 FROM embeddings_vector v WHERE v.encoder_id = %s AND v.item_id = i.id)""",
            [encoder.dataset_id, encoder.pk],
        )
        return cursor.fetchone()[0]


def has_newer_items(encoder: Encoder) -> bool:
    """Did items come in since this encoder last saw all of them? Two looks at the ends of indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT 1 FROM datasets_item i WHERE i.dataset_id = %s AND i.id > (
                   SELECT coalesce(max(v.item_id), 0) FROM embeddings_vector v WHERE v.encoder_id = %s))""",
            [encoder.dataset_id, encoder.pk],
        )
        return cursor.fetchone()[0]


def list_in_use() -> list[Encoder]:
    """Of every dataset the encoders that neighbors and searches use, the latest used last; none that failed."""
    usable = Encoder.objects.filter(Q(job=None) | Q(job__state=Job.State.SUCCEEDED), dimension__gt=0)
    by_dataset: dict[int, list[Encoder]] = {}
    for encoder in usable.select_related(*RELATED[:2]).order_by("-updated_at"):
        by_dataset.setdefault(encoder.dataset_id, []).append(encoder)
    found = []
    for encoders in by_dataset.values():
        latest, for_queries = encoders[0], _choose_for_queries(encoders)
        found += [for_queries, latest] if for_queries and for_queries.pk != latest.pk else [latest]
    return found
