"""Datasets, imports and uploads, always through their project."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Count, F, Func, Q, QuerySet, Value

from lifecycle.common.errors import NotFound
from lifecycle.datasets.models import Collection, CollectionReject, Dataset, Upload
from lifecycle.projects.models import Project

_CELL = r"""^(column [^'"]*: )('([^'\\]|\\.)*'|"([^"\\]|\\.)*") """  # column age: "76" is more than 75


def get_dataset(project: Project, name: str = "main") -> Dataset:
    """A dataset of the project; NotFound otherwise."""
    found = Dataset.objects.filter(project=project, name=name).first()
    if found is None:
        raise NotFound("This project has no such dataset.")
    found.project = project
    return found


def load_dataset(dataset_id: int) -> Dataset:
    """For a job, which was authorized when it was made."""
    return Dataset.objects.select_related("project").get(pk=dataset_id)


def load_collection(collection_id: int) -> Collection:
    """For a job, which was authorized when it was made."""
    return Collection.objects.select_related("dataset__project", "created_by").get(pk=collection_id)


def get_upload(project: Project, upload_id: int) -> Upload:
    return get_one(Upload.objects.filter(project=project).select_related("collection__job"), upload_id, "upload")


def list_uploads(project: Project) -> QuerySet[Upload]:
    """Newest first."""
    return Upload.objects.filter(project=project).select_related("collection").order_by("-pk")


def list_unfinished_uploads(project: Project, user) -> QuerySet[Upload]:
    """Files of this person that stopped on their way in and may be gone on with, oldest first."""
    is_draft = Q(collection__job=None) | Q(collection__job__kind="inspect")
    mine = list_uploads(project).filter(is_draft, created_by=user, completed_at=None, collection__isnull=False)
    return mine.order_by("pk")


def list_free_uploads(project: Project, user) -> QuerySet[Upload]:
    """Files of this person that stopped on their way in and belong to no draft: meant for a source. Oldest first."""
    return list_uploads(project).filter(created_by=user, completed_at=None, collection=None).order_by("pk")


def get_collection(project: Project, collection_id: int) -> Collection:
    return get_one(list_collections(project), collection_id, "import")


def list_collections(project: Project) -> QuerySet[Collection]:
    """Newest first, with what a list shows."""
    return Collection.objects.filter(dataset__project=project).select_related("dataset__project", "job", "created_by")


def list_rejects(collection: Collection) -> QuerySet[CollectionReject]:
    return CollectionReject.objects.filter(collection=collection)


def summarize_rejects(collection: Collection, limit: int = 8) -> list[dict[str, Any]]:
    """The most frequent reasons, [{"reason", "n"}]; a rule that many cells broke is one, whatever stood in each."""
    rule = Func(F("reason"), Value(_CELL), Value(r"\1"), function="regexp_replace", output_field=CharField())
    counts = list_rejects(collection).order_by().values_list(rule).annotate(n=Count("pk")).order_by("-n", rule)
    return [{"reason": reason, "n": n} for reason, n in counts[:limit]]


def get_one(rows: QuerySet, pk: int, what: str) -> Any:
    """The row with this id; NotFound otherwise, also for ids no database has."""
    found = rows.filter(pk=pk).first() if 0 < pk < 1 << 63 else None
    if found is None:
        raise NotFound(f"There is no such {what} in this project.")
    return found
