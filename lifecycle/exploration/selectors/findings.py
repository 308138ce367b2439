"""Lists of items worth a look: how many are open in each, and their lines page by page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import Count, Exists, OuterRef, QuerySet

from lifecycle.annotations.models import Task
from lifecycle.annotations.services.ordering import LABEL_AGAIN
from lifecycle.contracts.profile import FindingKind
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.models import Dataset
from lifecycle.exploration import rules
from lifecycle.exploration.models import Finding, KeptItem, Scan
from lifecycle.exploration.selectors.gallery import filter_items
from lifecycle.exploration.selectors.open_findings import filter_open
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


@dataclass(frozen=True)
class FindingList:
    """One kind of findings: how many nobody has dealt with yet."""

    kind: FindingKind
    title: str
    purpose: str
    count: int
    note: str


def find_scan(dataset: Dataset) -> Scan | None:
    """The newest scan; None before the first."""
    return Scan.objects.filter(dataset=dataset).order_by("-pk").first()


def list_lists(scan: Scan | None, dataset: Dataset) -> list[FindingList]:
    """Every list in the order in which a person should look, with what is open in it."""
    kinds = _list_kinds(scan, dataset)
    counts: dict[str, int] = {}
    if scan is not None:
        counts = dict(_open(scan).order_by().values_list("kind").annotate(n=Count("pk")))
    notes = scan.notes if scan else {}
    return [
        FindingList(kind, title, rules.PURPOSES[kind], counts.get(kind, 0), notes.get(kind, ""))
        for kind, title in rules.TITLES.items()
        if kind in kinds
    ]


def list_titles(dataset: Dataset) -> list[tuple[str, str]]:
    """(kind, title) of the lists that items can be kept out of; none before the first search."""
    scan = find_scan(dataset)
    return [(kind.value, rules.TITLES[kind]) for kind in _list_kinds(scan, dataset)] if scan else []


def _list_kinds(scan: Scan | None, dataset: Dataset) -> list[FindingKind]:
    """A search says something of regions where labels have any."""
    return rules.list_kinds(dataset.item_kind, has_regions=scan is not None and FindingKind.REGIONS in scan.notes)


def list_findings(
    scan: Scan, kind: FindingKind, filters: ItemFilters | None = None, *, is_whole: bool = False
) -> QuerySet[Finding]:
    """Open lines of a list in their order, with their items: not kept, not excluded, label not changed since, twin
    still in. `is_sent` says that the item waits for another label.

    `filters` as in the gallery, of the items; which list they name there does not count here. `is_whole` goes on with
    what is ranked below the list's cut."""
    waiting = Task.objects.filter(item=OuterRef("item"), state=Task.State.OPEN, priority=LABEL_AGAIN)
    found = _open(scan, is_whole=is_whole).filter(kind=kind).select_related("item", "other").order_by("rank")
    found = found.annotate(is_sent=Exists(waiting))
    asked = replace(filters, finding="", sort="new", excluded="no") if filters else ItemFilters()
    if asked == ItemFilters():
        return found
    return found.filter(item__in=filter_items(scan.dataset.project, asked).order_by().values("pk"))


def pick_item_ids(
    scan: Scan,
    kind: FindingKind,
    filters: ItemFilters | None = None,
    *,
    limit: int | None = None,
    is_whole: bool = False,
) -> list[int]:
    """Items of all open lines of a list, or of the first `limit` of them, best first."""
    found = list_findings(scan, kind, filters, is_whole=is_whole)
    return list(found.values_list("item_id", flat=True)[:limit])


def count_below(scan: Scan, kind: FindingKind) -> int:
    """Open lines of a list that are ranked below its cut."""
    return _open(scan, is_whole=True).filter(kind=kind, is_likely=False).count()


def map_open_items(scan: Scan) -> dict[str, list[int]]:
    """{kind: items} of all open lines: for those who want to know which of them are theirs."""
    found: dict[str, list[int]] = {}
    for kind, item_id in _open(scan).order_by().values_list("kind", "item_id"):
        found.setdefault(kind, []).append(item_id)
    return found


def count_kept(project: Project, kind: FindingKind) -> int:
    """Items somebody said are all right."""
    return KeptItem.objects.filter(kind=kind, item__dataset__project=project).count()


def list_kept_ids(project: Project, kind: FindingKind, *, limit: int | None = None) -> list[int]:
    """Items that were kept out of a list, or the `limit` that were kept last."""
    kept = KeptItem.objects.filter(kind=kind, item__dataset__project=project).order_by("-pk")
    return list(kept.values_list("item_id", flat=True)[:limit])


def find_job(project: Project, kind: str, spec: dict) -> Job | None:
    """The newest job of this kind with this in its spec, for showing how far it is."""
    return Job.objects.filter(project=project, kind=kind, spec__contains=spec).order_by("-pk").first()


def _open(scan: Scan, *, is_whole: bool = False) -> QuerySet[Finding]:
    return filter_open(Finding.objects.filter(scan=scan, item__excluded_at=None), is_whole=is_whole)
