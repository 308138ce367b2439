"""Committing versions: what the job does between the request and the immutable manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Count

from lifecycle.common.errors import Conflict
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.contracts.wording import count_words
from lifecycle.datasets import manifests, rules
from lifecycle.datasets.chunks import FORMAT
from lifecycle.datasets.models import Dataset, DatasetVersion, Item
from lifecycle.datasets.near_rows import FindNear
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.datasets.services.snapshots import Snapshot
from lifecycle.datasets.services.splits import find_twins, resplit_items, write_splits
from lifecycle.datasets.services.tags import archive_version
from lifecycle.datasets.settling import KEY, settle
from lifecycle.datasets.splitting import RATIO, SplitPolicy
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.services import record_event

SMALL_SET_ITEMS = 500  # labeled items above which chance gives every split enough


def commit_version(*, dataset: Dataset, user, message: str = "", idempotency_key: str | None = None) -> Job:
    """Have a worker freeze what is there now. The job's result says which version that is."""
    if not dataset.items.filter(excluded_at=None).exists():
        raise Conflict("There are no items to commit yet; collect some first.")
    return jobs.enqueue(
        kind="version",
        title=f"Commit a version: {message}".rstrip(": ")[:200],
        spec={"dataset_id": dataset.pk, "message": message.strip()[:300]},
        project=dataset.project,
        created_by=user,
        subject_type="dataset",
        subject_id=dataset.pk,
        idempotency_key=idempotency_key,
    )


def balance_small_splits(*, dataset: Dataset, find_near: FindNear | None = None) -> int:
    """Give validation and test a few labeled items where a small set left them without. Never moves an item that is
    in a version. Call within the job's transaction; returns how many items moved."""
    resplit_items(dataset=dataset, find_near=find_near)
    if SplitPolicy.from_json(dataset.split_policy).kind != RATIO:
        return 0
    labeled = Item.objects.filter(dataset=dataset, excluded_at=None, label__isnull=False)
    if labeled[: SMALL_SET_ITEMS + 1].count() > SMALL_SET_ITEMS:
        return 0
    counts = dict(labeled.values_list("split").annotate(n=Count("pk")).order_by())
    free = list(labeled.filter(group="", given_split="").values_list("pk", "content_hash", "label", "split"))
    used = _find_used([row[0] for row in free], dataset) | find_twins(dataset, [row[0] for row in free], find_near)
    has_classes = get_problem_type(dataset.project.problem_type).label_kind == LabelKind.CLASS
    candidates = [
        rules.Candidate(key, label or "" if has_classes else "", split)
        for pk, key, label, split in free
        if pk not in used
    ]
    moves = rules.top_up_small_splits(
        candidates, counts, dataset.split_ratios or rules.DEFAULT_RATIOS, dataset.split_seed
    )
    return write_splits({pk: moves[key] for pk, key, _, _ in free if key in moves})


def _find_used(item_ids: list[int], dataset: Dataset) -> set[int]:
    """Which of the items are in any version."""
    used: set[int] = set()
    for version in dataset.versions.all():
        rest = [pk for pk in item_ids if pk not in used]
        used |= manifests.find_rows(fetch_chunks(version), rest).keys()
    return used


def record_version(
    *,
    dataset: Dataset,
    user,
    job: Job,
    message: str,
    snapshot: Snapshot,
    classes: Sequence[str],
) -> tuple[DatasetVersion, bool]:
    """The new version and True; the newest one and False when its content is the same, brought back where it was
    archived. Call within the job's transaction: an attempt that was killed after its commit finds its own version."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().select_related("project").get(pk=dataset.pk)
        latest = locked.versions.order_by("-number").first()
        if latest and latest.content_hash == snapshot.index.content_hash and latest.classes == list(classes):
            archive_version(version=latest, user=user, is_archived=False)
            return latest, latest.job_id == job.pk
        version = DatasetVersion.objects.create(
            dataset=locked,
            number=latest.number + 1 if latest else 1,
            parent=latest,
            message=message,
            content_hash=snapshot.index.content_hash,
            manifest_blob=snapshot.index_blob,
            manifest_format=FORMAT,
            snapshot=asdict(snapshot.boundary),
            classes=list(classes),
            item_count=snapshot.index.item_count,
            labeled_count=sum(snapshot.summary["labeled"].values()),
            summary=snapshot.summary | {KEY: settle(locked)},
            job=job,
            created_by=user,
        )
        record_event(
            project=locked.project,
            actor=user,
            verb="version.committed",
            summary=f"Committed {version} with {count_words(version.item_count, 'item')}"
            + (f": {message}" if message else ""),
            object_type="version",
            object_id=version.number,
        )
    return version, True


def record_history(*, version: DatasetVersion, history: Mapping[str, Any]) -> DatasetVersion:
    """Keep what the card says of rows that never change; what is kept already stays. Call within the job's
    transaction."""
    DatasetVersion.objects.filter(pk=version.pk, history__isnull=True).update(history=dict(history))
    version.refresh_from_db(fields=["history"])
    return version
