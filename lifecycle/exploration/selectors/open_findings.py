"""Which lines of a scan nobody has dealt with yet: the lists and the gallery go by the same."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from lifecycle.contracts.profile import FindingKind
from lifecycle.exploration.models import Finding, KeptItem

TWINS = (FindingKind.DUPLICATES, FindingKind.NEAR_DUPLICATES)
PAIRS = (*TWINS, FindingKind.SPLIT_LEAKS)
OF_LABELS = (FindingKind.LABEL_ERRORS, FindingKind.REGIONS)  # another label may have put it right


def filter_open(found: QuerySet[Finding], *, is_whole: bool = False) -> QuerySet[Finding]:
    """Those above their list's cut (all with `is_whole`), not kept, whose label is the one that was suspected, and
    whose twin is still in. Whether the item itself is excluded is the caller's matter."""
    kept = KeptItem.objects.filter(item=OuterRef("item"), kind=OuterRef("kind"))
    found = found if is_whole else found.filter(is_likely=True)
    return found.filter(_has_old_label(), _has_twin()).exclude(Exists(kept))


def _has_old_label() -> Q:
    seen_at = Coalesce(F("scan__job__started_at"), F("scan__created_at"))
    is_old = Q(item__label__isnull=False) & (Q(item__labeled_at=None) | Q(item__labeled_at__lte=seen_at))
    return Q(is_old & ~Q(item__label=F("suggestion"))) | Q(~Q(kind__in=OF_LABELS))


def _has_twin() -> Q:
    """The twin, or of twins another one of the same cluster; a divided group (cluster 0) has others than the one that
    is shown."""
    others = Finding.objects.filter(
        scan=OuterRef("scan"), kind=OuterRef("kind"), cluster=OuterRef("cluster"), item__excluded_at=None
    ).exclude(item=OuterRef("item"))
    is_alone = Q(kind__in=PAIRS, cluster__gt=0) & (Q(other=None) | Q(other__excluded_at__isnull=False))
    return Q(~is_alone) | Q(Q(kind__in=TWINS) & Exists(others))
