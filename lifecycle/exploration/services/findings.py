"""Scans: asking for one, and keeping what it found."""

from __future__ import annotations

from collections import Counter

from django.db import connection, transaction

from lifecycle.common.bulk import refresh_statistics
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.profile import ROW_TOLERANCE, FindingsResult
from lifecycle.datasets.models import Dataset, Item
from lifecycle.exploration.models import Scan
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.jobs.selectors import ACTIVE

MAX_TOLERANCE = 0.2


def start_scan(*, dataset: Dataset, user, row_tolerance: float | None = None) -> Job:
    """Have a worker search what is in now for faults. A search that is on its way already is given back.

    `row_tolerance` is by how much of a column's range numbers of near-duplicate rows may differ; else as last time.
    """
    if row_tolerance is not None and not 0 <= row_tolerance <= MAX_TOLERANCE:
        raise DomainError(
            f"The tolerance is from 0 to {MAX_TOLERANCE:.0%} of a column's range.",
            fields={"row_tolerance": f"From 0 to {MAX_TOLERANCE:g}."},
        )
    if not dataset.items.filter(excluded_at=None).exists():
        raise Conflict("There is nothing to search yet; collect some items first.")
    waiting = Job.objects.filter(
        kind="findings", project=dataset.project, spec__contains={"dataset_id": dataset.pk}, state__in=ACTIVE
    )
    if row_tolerance is None:
        last = Scan.objects.filter(dataset=dataset).order_by("-pk").values_list("row_tolerance", flat=True).first()
        row_tolerance = ROW_TOLERANCE if last is None else last
    return waiting.first() or jobs.enqueue(
        kind="findings",
        title="Search the items for faults",
        spec={"dataset_id": dataset.pk, "row_tolerance": row_tolerance},
        project=dataset.project,
        created_by=user,
        subject_type="dataset",
        subject_id=dataset.pk,
    )


def record_findings(*, dataset: Dataset, job: Job, result: FindingsResult) -> Scan:
    """The new scan in place of the one before. Call within the job's transaction."""
    with transaction.atomic():
        Scan.objects.filter(dataset=dataset).delete()
        scan = Scan.objects.create(
            dataset=dataset,
            job=job,
            item_count=result.item_count,
            counts=dict(Counter(found.kind for found in result.found)),
            notes={str(kind): note for kind, note in result.notes.items()},
            columns=list(result.columns),
            row_tolerance=job.spec.get("row_tolerance", ROW_TOLERANCE),
        )
        known = set(Item.objects.filter(dataset=dataset).values_list("pk", flat=True)) if result.found else set()
        _copy_findings(scan, result, known)
        transaction.on_commit(lambda: refresh_statistics("exploration_finding"))
    return scan


def _copy_findings(scan: Scan, result: FindingsResult, known: set[int]) -> None:
    """Items that were deleted meanwhile are left out."""
    columns = "scan_id, kind, item_id, rank, score, reason, other_id, cluster, suggestion, is_likely"
    ranks: Counter[str] = Counter()
    with connection.cursor() as cursor, cursor.copy(f"COPY exploration_finding ({columns}) FROM STDIN") as copy:
        for found in result.found:
            if found.item_id not in known:
                continue
            ranks[found.kind] += 1
            other = found.other_id if found.other_id in known else None
            copy.write_row(
                (
                    scan.pk, str(found.kind), found.item_id, ranks[found.kind], found.score,
                    found.reason.replace("\0", "")[:300], other, found.cluster, found.suggestion.replace("\0", ""),
                    found.is_likely,
                )
            )  # fmt: skip
