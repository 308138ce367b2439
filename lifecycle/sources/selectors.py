"""Reads on sources, always through their project."""

from __future__ import annotations

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from lifecycle.common import secrets as vault
from lifecycle.common.errors import NotFound
from lifecycle.datasets.models import Collection, Item
from lifecycle.datasets.selectors.collections import get_one
from lifecycle.projects.models import Project
from lifecycle.sources.models import ContractVersion, Source, SourceRow, SourceRowChange, SourceRun

CONTRACT_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq", ".arrow", ".feather", ".ipc")

# items that came from such rows only: no other row is one of them, and no other import brought them
LIST_LEFT = """
    SELECT item.id FROM datasets_item item
    WHERE item.excluded_at IS NULL
      AND EXISTS (SELECT 1 FROM sources_sourcerow mine JOIN sources_sourcerun run ON run.source_id = mine.source_id
                  WHERE mine.source_id = %(source)s AND mine.gone_at IS NOT NULL AND mine.item_id = item.id
                    AND run.collection_id = item.collection_id)
      AND NOT EXISTS (SELECT 1 FROM sources_sourcerow other WHERE other.item_id = item.id AND other.gone_at IS NULL)"""


def list_sources(project: Project) -> QuerySet[Source]:
    """Newest first, with what a list shows."""
    return Source.objects.filter(dataset__project=project).select_related(
        "dataset__project", "created_by", "last_collection__job", "last_collection__source_run", "preview_job"
    )


def get_source(project: Project, source_id: int) -> Source:
    """One source of the project; NotFound otherwise."""
    return get_one(list_sources(project), source_id, "source")


def load_source(source_id: int) -> Source:
    """For a job, which was authorized when it was made."""
    return Source.objects.select_related("dataset__project", "created_by").get(pk=source_id)


def load_run(collection_id: int) -> SourceRun:
    """For a job: the run that a collection belongs to, with its source and dataset."""
    return SourceRun.objects.select_related(
        "source__dataset__project", "source__created_by", "collection__dataset__project", "collection__created_by"
    ).get(collection_id=collection_id)


def load_secrets(source: Source) -> dict[str, str]:
    """For a job only, never for a page. Raises LostKey when the installation's key has changed."""
    return vault.decrypt(source.secrets)


def list_runs(source: Source) -> QuerySet[SourceRun]:
    """Newest first."""
    return SourceRun.objects.filter(source=source).select_related("collection__job", "collection__created_by")


def get_run(source: Source, collection_id: int) -> SourceRun:
    """The run of the source that this collection belongs to; NotFound otherwise."""
    found = list_runs(source).filter(collection_id=collection_id).first() if 0 < collection_id < 1 << 63 else None
    if found is None:
        raise NotFound("This source has no such run.")
    return found


def may_have_contract(collection: Collection) -> bool:
    """Uploaded tables alone: a contract says what their rows must look like. Archives may hold anything."""
    names = collection.uploads.values_list("name", flat=True)
    is_tables = bool(collection.preview.get("columns")) and collection.dataset.item_kind != "image"
    return is_tables and all(name.lower().endswith(CONTRACT_SUFFIXES) for name in names)


def find_run(collection: Collection) -> SourceRun | None:
    """The run that a collection came from; None for an upload."""
    return SourceRun.objects.filter(collection=collection).select_related("source").first()


def list_contract_versions(source: Source) -> QuerySet[ContractVersion]:
    """Newest first."""
    return ContractVersion.objects.filter(source=source).select_related("created_by")


def get_contract_version(source: Source, number: int) -> ContractVersion:
    """One version of the contract; NotFound otherwise."""
    found = ContractVersion.objects.filter(source=source, number=number).first() if 0 < number < 1 << 31 else None
    if found is None:
        raise NotFound("This source has no such version of its contract.")
    return found


def list_changes(source: Source) -> QuerySet[SourceRowChange]:
    """Rows that got other content, newest first."""
    return SourceRowChange.objects.filter(source=source).select_related("collection", "old_item", "new_item")


def list_item_changes(item: Item) -> QuerySet[SourceRowChange]:
    """Where this item took the place of another, or another took its place; newest first."""
    changes = SourceRowChange.objects.filter(Q(old_item=item) | Q(new_item=item))
    return changes.select_related("collection", "source")


def count_rows(source: Source) -> int:
    """Rows or files that the source is known to have."""
    return SourceRow.objects.filter(source=source, gone_at=None).count()


def list_gone(source: Source) -> QuerySet[SourceRow]:
    """Rows and files that the source does not have any more, one an item, the last found first; but for those whose
    item another row still is."""
    same = SourceRow.objects.filter(item_id=OuterRef("item_id"))
    later = same.filter(source=source, pk__gt=OuterRef("pk")).exclude(gone_at=None)
    rows = SourceRow.objects.filter(source=source).exclude(gone_at=None)
    rows = rows.exclude(Exists(same.filter(gone_at=None))).exclude(Exists(later))
    return rows.select_related("item").order_by("-gone_at", "-id")


def count_gone(source: Source) -> dict[str, int]:
    """Items whose rows or files are gone, those of them that an exclusion would leave out, and those that one did."""
    rows = list_gone(source)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({LIST_LEFT}) found", {"source": source.pk})
        standing = cursor.fetchone()[0]
    excluded = rows.filter(item__excluded_at=F("excluded_at")).count()
    return {"items": rows.count(), "standing": standing, "excluded": excluded}


def judge_health(source: Source) -> str:
    """One word: draft, paused, never run, running, failing, some set aside, fine."""
    collection = source.last_collection
    job = collection.job if collection else None
    if source.state == Source.State.DRAFT:
        return "draft"
    if job is not None and job.state in ("queued", "running"):
        return "running"
    if source.state == Source.State.PAUSED:
        return "paused"
    if collection is None:
        return "never run"
    if job is not None and job.state == "failed":
        return "failing"
    return "some set aside" if collection.rejected else "fine"
