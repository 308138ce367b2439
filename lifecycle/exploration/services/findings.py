"""Scans and what follows from them: every list leads somewhere in one step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from django.db import connection, transaction

from lifecycle.annotations.services import request_labels
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.profile import FindingsResult
from lifecycle.datasets.models import Dataset, Item
from lifecycle.datasets.services import exclude_items, restore_items
from lifecycle.exploration import rules
from lifecycle.exploration.models import KeptItem, Scan
from lifecycle.exploration.services.tags import tag_items, untag_items
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

ACTIONS = ("label", "exclude", "restore", "keep", "unkeep", "tag", "untag")
BATCH = 5_000


def start_scan(*, dataset: Dataset, user) -> Job:
    """Have a worker search what is in now for faults. A search that is on its way already is given back."""
    if not dataset.items.filter(excluded_at=None).exists():
        raise Conflict("There is nothing to search yet; collect some items first.")
    spec = {"dataset_id": dataset.pk}
    waiting = Job.objects.filter(kind="findings", project=dataset.project, spec=spec, state__in=["queued", "running"])
    return waiting.first() or jobs.enqueue(
        kind="findings",
        title="Search the items for faults",
        spec=spec,
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
        )
        known = set(Item.objects.filter(dataset=dataset).values_list("pk", flat=True)) if result.found else set()
        _copy_findings(scan, result, known)
    return scan


def _copy_findings(scan: Scan, result: FindingsResult, known: set[int]) -> None:
    """Items that were deleted meanwhile are left out."""
    columns = "scan_id, kind, item_id, rank, score, reason, other_id, cluster, suggestion"
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
                )
            )  # fmt: skip


def keep_items(*, project: Project, user, kind: str, item_ids: Iterable[int]) -> int:
    """Say that these items are all right: they are not shown in this list again, nor by later scans."""
    wanted = rules.check_kind(kind)
    ids = Item.objects.filter(dataset__project=project, pk__in=list(item_ids)).values_list("pk", flat=True)
    before = KeptItem.objects.filter(kind=wanted, item__dataset__project=project).count()
    KeptItem.objects.bulk_create(
        [KeptItem(item_id=pk, kind=wanted, kept_by=user) for pk in ids], ignore_conflicts=True, batch_size=BATCH
    )
    kept = KeptItem.objects.filter(kind=wanted, item__dataset__project=project).count() - before
    if kept:
        record_event(
            project=project,
            actor=user,
            verb="findings.kept",
            summary=f"Kept {kept:,} item{'' if kept == 1 else 's'} of “{rules.TITLES[wanted]}”",
            details={"kind": str(wanted), "count": kept},
        )
    return kept


def show_items_again(*, project: Project, user, kind: str, item_ids: Iterable[int]) -> int:
    """Take back that these items are all right: the list shows them again. Returns how many had been kept."""
    wanted = rules.check_kind(kind)
    kept = KeptItem.objects.filter(kind=wanted, item__dataset__project=project, item__in=list(item_ids))
    count, _ = kept.delete()
    if count:
        record_event(
            project=project,
            actor=user,
            verb="findings.shown",
            summary=f"Shows {count:,} item{'' if count == 1 else 's'} again in “{rules.TITLES[wanted]}”",
            details={"kind": str(wanted), "count": count},
        )
    return count


def act_on_items(*, project: Project, user, action: str, item_ids: Sequence[int], kind: str = "", tag: str = "") -> int:
    """Send items somewhere: one of ACTIONS. `kind` names the list to keep them out of or show them in again, `tag` the
    tag.

    Returns how many changed.
    """
    ids = list(dict.fromkeys(item_ids))
    if not ids:
        raise DomainError("Choose at least one item.", fields={"items": "Choose at least one item."})
    verbs: dict[str, Callable[[list[int]], int]] = {
        "label": lambda part: request_labels(project=project, actor=user, item_ids=part),
        "exclude": lambda part: exclude_items(project=project, user=user, item_ids=part),
        "restore": lambda part: restore_items(project=project, user=user, item_ids=part),
        "keep": lambda part: keep_items(project=project, user=user, kind=kind, item_ids=part),
        "unkeep": lambda part: show_items_again(project=project, user=user, kind=kind, item_ids=part),
        "tag": lambda part: tag_items(project=project, user=user, name=tag, item_ids=part),
        "untag": lambda part: untag_items(project=project, user=user, name=tag, item_ids=part),
    }
    if action not in verbs:
        raise DomainError(f"“{action}” is no action; use one of {', '.join(ACTIONS)}.")
    with transaction.atomic():
        return sum(verbs[action](ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))
