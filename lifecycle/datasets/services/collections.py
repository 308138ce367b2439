"""One import from its draft to its start; what happens then is in `loading`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.ingest import COLUMN_KINDS, ColumnMapping, IngestPreview, IngestSpec
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import Collection, Dataset, Upload
from lifecycle.datasets.services.uploads import check_open
from lifecycle.jobs import services as jobs
from lifecycle.projects.services import record_event


def create_collection(
    *, dataset: Dataset, user, title: str = "", uploads: Iterable[int] = (), license: str = ""
) -> Collection:
    """A draft that files can be added to; `uploads` are ids of files that were sent before."""
    wanted = list(uploads)
    with transaction.atomic():
        collection = Collection.objects.create(
            dataset=dataset, title=title.strip()[:200] or "Upload", license=license.strip()[:100], created_by=user
        )
        free = Upload.objects.filter(project=dataset.project, collection=None, pk__in=wanted)
        if free.update(collection=collection) != len(set(wanted)):
            raise DomainError("Some of these uploads do not exist here, or already belong to an import.")
    return collection


def inspect_collection(*, collection: Collection, user) -> Collection:
    """Have a worker look at the files and say what they are, before anything is imported."""
    with transaction.atomic():
        locked = lock_draft(collection)
        project = locked.dataset.project
        locked.job = jobs.enqueue(
            kind="inspect",
            title=f"Look at {locked.title}",
            spec={"collection_id": locked.pk},
            project=project,
            created_by=user,
            subject_type="collection",
            subject_id=locked.pk,
        )
        locked.preview = {}
        locked.save(update_fields=["job", "preview", "updated_at"])
    return locked


def start_import(
    *,
    collection: Collection,
    user,
    mapping: Mapping[str, Any] | None = None,
    folders_are_labels: bool | None = None,
    title: str | None = None,
    license: str | None = None,
) -> Collection:
    """Import the files. Without a mapping the columns are guessed by their names."""
    with transaction.atomic():
        locked = lock_draft(collection)
        if mapping:
            locked.spec["mapping"] = check_mapping(mapping, locked.dataset.item_kind)
        locked.spec["folders_are_labels"] = folders_are_labels if folders_are_labels is not None else True
        locked.title = (title or locked.title).strip()[:200]
        locked.license = (license if license is not None else locked.license).strip()[:100]
        project = locked.dataset.project
        locked.job = jobs.enqueue(
            kind="ingest",
            title=f"Import {locked.title}",
            spec={"collection_id": locked.pk},
            project=project,
            created_by=user,
            subject_type="collection",
            subject_id=locked.pk,
        )
        locked.save(update_fields=["job", "spec", "title", "license", "updated_at"])
        record_event(
            project=project,
            actor=user,
            verb="collection.started",
            summary=f"Started the import “{locked.title}”",
            object_type="collection",
            object_id=locked.pk,
        )
    return locked


def lock_draft(collection: Collection) -> Collection:
    """The draft as it is now, locked until the transaction ends. Raises Conflict or DomainError when it cannot be
    imported: begun already, without files, or with files that have not arrived."""
    locked = _lock(collection)
    check_open(locked)
    _check_files(locked)
    return locked


def discard_collection(*, collection: Collection) -> None:
    """Throw a draft away, with its files."""
    with transaction.atomic():
        locked = _lock(collection)
        check_open(locked)
        locked.delete()


def record_preview(*, collection: Collection, preview: IngestPreview) -> None:
    """What the worker saw."""
    Collection.objects.filter(pk=collection.pk).update(preview=asdict(preview))


def describe_ingest(*, collection: Collection, paths: Iterable[tuple[str, str]], classes: Iterable[str]) -> IngestSpec:
    """The engine's spec for this collection, its files being at `paths`."""
    dataset, spec = collection.dataset, collection.spec
    problem = get_problem_type(dataset.project.problem_type)
    known = tuple(classes)
    asks_class = problem.label_kind == "class" or (
        problem.label_kind == "free" and dataset.item_kind == "row" and known
    )
    return IngestSpec(
        item_kind=dataset.item_kind,
        paths=tuple(paths),
        mapping=ColumnMapping.from_json(spec["mapping"]) if spec.get("mapping") else None,
        label_kind=problem.label_kind,
        folders_are_labels=bool(spec.get("folders_are_labels", True) and asks_class),
        known_classes=known,
        known_columns=tuple((column["name"], column["kind"]) for column in dataset.columns),
        known_spreads=tuple(dataset.spreads.items()),
    )


def check_mapping(mapping: Mapping[str, Any], item_kind: str) -> dict[str, Any]:
    """The mapping as it is stored. Raises DomainError with the field that makes no sense."""
    try:
        clean = ColumnMapping.from_json(dict(mapping))
    except (TypeError, ValueError):
        raise DomainError(
            "The mapping is an object with text, label, group, split, time, features and kinds."
        ) from None
    if item_kind == "text" and not clean.text:
        raise DomainError("Choose the column that holds the text.", fields={"text": "Choose a column."})
    others = [name for name in clean.features if name != clean.text] if item_kind == "text" else []
    if others:
        raise DomainError(
            f"“{others[0]}” cannot be a feature: an item is its text alone, beside a label, a group, a split and a "
            "time. A project for tables learns from several columns.",
            fields={"features": "Leave this out."},
        )
    named = [name for name in (clean.text, clean.label, clean.group, clean.split, clean.time) if name]
    if len(named) != len(set(named)):
        raise DomainError("One column cannot play two parts.", fields={"label": "Chosen twice."})
    odd = [kind for _, kind in clean.kinds if kind not in COLUMN_KINDS]
    if odd:
        raise DomainError(f"“{odd[0]}” is no kind of column; use one of {', '.join(COLUMN_KINDS)}.")
    return asdict(clean)


def _lock(collection: Collection) -> Collection:
    return (
        Collection.objects.select_for_update(of=("self",))
        .select_related("dataset__project", "job")
        .get(pk=collection.pk)
    )


def _check_files(collection: Collection) -> None:
    uploads = Upload.objects.filter(collection=collection)
    if not uploads.exists():
        raise DomainError("There are no files yet; add some first.")
    unfinished = uploads.filter(completed_at=None).first()
    if unfinished:
        raise Conflict(f"{unfinished.name} has not arrived completely; wait for it or remove it.")
