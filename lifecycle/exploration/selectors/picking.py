"""Which items an act reaches: those that were named, a list, a selection, or what filters match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.selectors import get_dataset, list_selected_ids
from lifecycle.exploration import rules
from lifecycle.exploration.models import ItemAct
from lifecycle.exploration.selectors.findings import find_scan, list_kept_ids, pick_item_ids
from lifecycle.exploration.selectors.gallery import list_matching_ids
from lifecycle.projects.models import Project


@dataclass(frozen=True)
class Scope:
    """One of these, the first that is given: `items` by id, a `selection`, all that was `kept` out of a list, all of a
    `finding` list (of what `query` matches, where that is given too), all that matches a `query` of the gallery."""

    items: Sequence[int] | None = None
    selection: int = 0
    kept: str = ""
    finding: str = ""
    query: str | None = None
    is_whole: bool = False  # of a `finding` list also what is ranked below its cut

    @property
    def is_looked_up_later(self) -> bool:
        """Whether looking up all of it may take longer than a request should: it can be every item there is."""
        return self.items is None and not (self.selection or self.kept or self.finding)


def pick_ids(project: Project, scope: Scope, *, limit: int | None = None, newest: int = 0) -> list[int]:
    """Ids in the scope, without those beyond `limit` or above `newest` where these are given. Raises DomainError for a
    scope that names nothing, NotFound for a list before the first search."""
    if scope.items is not None:
        return list(dict.fromkeys(scope.items))[:limit]
    if scope.selection:
        return list(list_selected_ids(project, scope.selection)[:limit])
    if scope.kept:
        return list_kept_ids(project, rules.check_kind(scope.kept), limit=limit)
    filters = ItemFilters.from_query(dict(parse_qsl((scope.query or "").lstrip("?"))))
    if scope.finding:
        scan = find_scan(get_dataset(project))
        if scan is None:
            raise NotFound("There is no list yet; search the items first.")
        return pick_item_ids(scan, rules.check_kind(scope.finding), filters, limit=limit, is_whole=scope.is_whole)
    if scope.query is None:
        raise DomainError("Name the items: by `items`, by `query`, or by `finding` after a search.")
    return list_matching_ids(project, filters, limit=limit, newest=newest)


def get_act(project: Project, act_id: int) -> ItemAct:
    """An act with its jobs, without its ids; NotFound otherwise."""
    acts = ItemAct.objects.filter(project=project).select_related("project", "created_by", "job", "undo_job")
    found = acts.defer("item_ids").filter(pk=act_id).first()
    if found is None:
        raise NotFound("There is no such act in this project.")
    return found


def load_act(act_id: int) -> ItemAct:
    """An act for its job."""
    return ItemAct.objects.select_related("project", "created_by").get(pk=act_id)
