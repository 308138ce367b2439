"""Versions, what is in them, and how two differ; read from their manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import NotFound
from lifecycle.datasets import chunks, manifests
from lifecycle.datasets.chunks import ManifestIndex
from lifecycle.datasets.models import (
    Collection,
    Dataset,
    DatasetVersion,
    EventTimeChange,
    Item,
    VersionExport,
    VersionTag,
)
from lifecycle.datasets.selectors.collections import get_one
from lifecycle.projects.models import Project

PAGE_SIZE = 60
DOWNLOADS = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8"}


def _cache() -> Path:
    return Path(settings.GRISTMILL_HOME) / "cache"


def load_index(version: DatasetVersion) -> ManifestIndex:
    """The chunks of a version; one of format 1 is a single chunk."""
    if version.manifest_format == chunks.FORMAT:
        return ManifestIndex.from_json(open_blobs(settings.STORAGE_URL).get(version.manifest_blob))
    return ManifestIndex((chunks.Chunk(-1, version.manifest_blob, version.item_count, 0),), ())


def locate_chunks(wanted: Iterable[chunks.Chunk]) -> list[Path]:
    """Local paths of chunks; with S3 each is downloaded once."""
    blobs, folder = open_blobs(settings.STORAGE_URL), _cache() / "blobs"
    return [blobs.fetch(chunk.blob, folder) for chunk in wanted]


def fetch_chunks(version: DatasetVersion) -> list[Path]:
    """Local paths of all chunks of a version."""
    return locate_chunks(load_index(version).chunks)


def fetch_manifest(version: DatasetVersion) -> Path:
    """A version's whole manifest as one Parquet file on this machine, put together once. For jobs, not for pages."""
    if version.manifest_format != chunks.FORMAT:
        return open_blobs(settings.STORAGE_URL).fetch(version.manifest_blob, _cache() / "blobs")
    target = _cache() / "manifests" / f"{version.manifest_blob}.parquet"
    return target if target.exists() else chunks.assemble(fetch_chunks(version), target)


def list_versions(project: Project) -> QuerySet[DatasetVersion]:
    """Newest first."""
    versions = DatasetVersion.objects.filter(dataset__project=project)
    return versions.select_related("created_by", "parent", "dataset__project").prefetch_related("tags")


def get_version(project: Project, number: int) -> DatasetVersion:
    """A version by its number; NotFound otherwise."""
    found = list_versions(project).filter(number=number).first() if 0 < number < 1 << 31 else None
    if found is None:
        raise NotFound(f"There is no version {number} in this project.")
    return found


def resolve_version(project: Project, reference: str, dataset: str = "") -> DatasetVersion:
    """A version by number, v and number, tag, or latest; NotFound otherwise."""
    versions = list_versions(project)
    if dataset:
        versions = versions.filter(dataset__name=dataset)
    digits = reference.removeprefix("v")
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        found = versions.filter(number=int(digits)).first()
    elif reference == "latest":
        found = versions.filter(archived_at=None).first()
    else:
        found = versions.filter(tags__name=reference).first()
    if found is None:
        raise NotFound(f"There is no version “{reference[:40]}” of this dataset: a number, a tag, or latest.")
    return found


def load_version(version_id: int) -> DatasetVersion:
    """For a job that knows the id."""
    return DatasetVersion.objects.select_related("dataset__project", "created_by").get(pk=version_id)


def list_tags(project: Project) -> QuerySet[VersionTag]:
    """The names on versions of a project."""
    return VersionTag.objects.filter(dataset__project=project).select_related("version", "created_by")


def list_exports(version: DatasetVersion) -> QuerySet[VersionExport]:
    """Newest first."""
    return version.exports.select_related("job", "created_by", "version__dataset__project")


def get_export(project: Project, version: DatasetVersion, export_id: int) -> VersionExport:
    """An export of a version; NotFound otherwise."""
    return get_one(list_exports(version).filter(version__dataset__project=project), export_id, "export")


def load_export(export_id: int) -> VersionExport:
    """For a job that knows the id."""
    return VersionExport.objects.select_related("version__dataset__project").get(pk=export_id)


def describe_sources(version: DatasetVersion) -> list[dict[str, Any]]:
    """The imports a version's items came from, the largest first: title, kind, license, who, when, items."""
    counts = {int(pk): n for pk, n in version.summary.get("collections", {}).items()}
    found = Collection.objects.filter(dataset=version.dataset, pk__in=counts).select_related("created_by")
    rows = [
        {"id": c.pk, "title": c.title, "kind": c.kind, "license": c.license, "by": c.created_by.username,
         "at": c.created_at, "items": counts[c.pk]}
        for c in found
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -row["items"])


def find_latest_version(project: Project) -> DatasetVersion | None:
    return list_versions(project).first()


def compare_versions(old: DatasetVersion, new: DatasetVersion) -> dict[str, int]:
    """Counts by kind of change, keys of `manifests.CHANGES`."""
    return manifests.count_changes(*_fetch_differing(old, new))


def _fetch_differing(old: DatasetVersion, new: DatasetVersion) -> tuple[list[Path], list[Path]]:
    """The chunks of each that the other does not have: what is in both cannot have changed."""
    sides = [load_index(version).chunks for version in (old, new)]
    shared = {chunk.blob for chunk in sides[0]} & {chunk.blob for chunk in sides[1]}
    before, after = ([chunk for chunk in side if chunk.blob not in shared] for side in sides)
    return locate_chunks(before), locate_chunks(after)


@dataclass(frozen=True)
class ChangedItem:
    """A line of a diff with the item behind it, None when the item was deleted since."""

    item_id: int
    old_label: str | None
    new_label: str | None
    old_split: str | None
    new_split: str | None
    old_annotation_id: int | None
    new_annotation_id: int | None
    old_event_time: datetime | None
    new_event_time: datetime | None
    item: Item | None


def list_changes(
    old: DatasetVersion, new: DatasetVersion, *, change: str, page: int = 1, size: int = PAGE_SIZE
) -> list[ChangedItem]:
    """One page of the items that changed in one way."""
    before, after = _fetch_differing(old, new)
    rows = manifests.list_changes(before, after, change=change, limit=size, offset=(page - 1) * size)
    items = Item.objects.filter(dataset=new.dataset).in_bulk([row["item_id"] for row in rows])
    for row in rows:
        row |= {name: row[name] and row[name].replace(tzinfo=UTC) for name in ("old_event_time", "new_event_time")}
    names = (
        "item_id", "old_label", "new_label", "old_split", "new_split", "old_annotation_id", "new_annotation_id",
        "old_event_time", "new_event_time",
    )  # fmt: skip
    return [ChangedItem(**{name: row[name] for name in names}, item=items.get(row["item_id"])) for row in rows]


@dataclass(frozen=True)
class VersionItem:
    """An item as it was in a version: its label and split of then."""

    item_id: int
    split: str
    label: str | None
    item: Item | None


def list_version_items(
    version: DatasetVersion,
    *,
    page: int = 1,
    size: int = PAGE_SIZE,
    split: str = "",
    label: str | None = None,
    is_unlabeled: bool = False,
) -> tuple[list[VersionItem], int]:
    """One page of a version's items, and how many match."""
    rows, total = manifests.list_rows(
        fetch_chunks(version),
        limit=size,
        offset=(page - 1) * size,
        split=split,
        label=label,
        is_unlabeled=is_unlabeled,
    )
    items = Item.objects.filter(dataset=version.dataset).in_bulk([row["item_id"] for row in rows])
    return [VersionItem(**row, item=items.get(row["item_id"])) for row in rows], total


def list_versions_of_item(project: Project, item: Item, limit: int = 10) -> list[tuple[DatasetVersion, dict[str, Any]]]:
    """The newest versions this item is in, with its split and label of then."""
    found = []
    for version in list_versions(project).filter(created_at__gt=item.created_at)[:limit]:
        place = manifests.find_rows(_fetch_around(version, item), [item.pk]).get(item.pk)
        if place:
            found.append((version, place))
    return found


def _fetch_around(version: DatasetVersion, item: Item) -> list[Path]:
    numbers = (-1, item.pk >> chunks.CHUNK_BITS)
    return locate_chunks(chunk for chunk in load_index(version).chunks if chunk.number in numbers)


def has_uncommitted_changes(dataset: Dataset, latest: DatasetVersion | None) -> bool:
    """Whether items or labels changed after the newest version was made; cheap, and not told of restored items."""
    if latest is None:
        return True
    items = Item.objects.filter(dataset=dataset)
    newest = items.order_by("-pk").first()
    if newest and newest.created_at > latest.created_at:
        return True
    if EventTimeChange.objects.filter(item__dataset=dataset, changed_at__gt=latest.created_at).exists():
        return True
    return items.filter(Q(labeled_at__gt=latest.created_at) | Q(excluded_at__gt=latest.created_at)).exists()


def stream_version(version: DatasetVersion, kind: str) -> Iterator[bytes]:
    """The whole version, as one of DOWNLOADS."""
    stream = manifests.stream_csv if kind == "csv" else manifests.stream_parquet
    return stream(fetch_chunks(version))
