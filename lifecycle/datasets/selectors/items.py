"""Items by filter, page by page, and how many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Func, JSONField, Q, QuerySet, TextField
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast

from lifecycle.common.errors import DomainError
from lifecycle.contracts.label_interface.values import JOINT
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.filters import COLUMN_PREFIX, ItemFilters
from lifecycle.datasets.models import Collection, Dataset, Item
from lifecycle.datasets.selectors.collections import get_dataset, get_one
from lifecycle.datasets.selectors.ranges import narrow_ranges
from lifecycle.datasets.selectors.selections import list_selected_ids
from lifecycle.projects.models import Project

PAGE_SIZE = 60
SCAN_WINDOW = 4_000  # ids looked through first, where no index answers
LARGEST_WINDOW = 256_000
COUNT_LIMIT = 10_000  # exact up to here where no index counts
DEEPEST_OFFSET = 10_000
SHOWN_CLASSES = 60


@dataclass(frozen=True)
class ItemPage:
    """One page; `next_at` and `previous_at` go into the URL as ``at=``, empty at the ends."""

    items: list[Item]
    next_at: str
    previous_at: str


@dataclass(frozen=True)
class Facets:
    """How many items the dataset has of each kind, for the filters; excluded ones are in `excluded` only."""

    total: int
    labeled: int
    unlabeled: int
    excluded: int
    splits: list[tuple[str, int]]
    labels: list[tuple[str, int]]  # most frequent first; empty for numbers


@dataclass(frozen=True)
class Tally:
    """A count; not exact means: at least so many."""

    count: int
    is_exact: bool = True


def get_item(project: Project, item_id: int) -> Item:
    """An item with its collection and dataset; NotFound otherwise."""
    items = Item.objects.filter(dataset__project=project).select_related("collection", "dataset")
    return get_one(items, item_id, "item")


def filter_items(project: Project, filters: ItemFilters, among: Q | None = None) -> QuerySet[Item]:
    """The items that match, in no order.

    `among` is handed down by exploration.selectors.gallery, for conditions that only that room can answer. Raises
    DomainError where such a condition comes without it.
    """
    if among is None and filters.asks_exploration:
        raise DomainError("Tags, findings and what a profile measured cannot be filtered by here.")
    dataset = get_dataset(project)
    items = Item.objects.filter(dataset=dataset) if among is None else Item.objects.filter(among, dataset=dataset)
    if filters.excluded != "all":
        items = items.filter(excluded_at__isnull=filters.excluded == "no")
    if filters.labeled:
        items = items.filter(label__isnull=filters.labeled == "no")
    if filters.dated:
        items = items.filter(event_time__isnull=filters.dated == "no")
    exact = {name: value for name in ("label", "split", "group") if (value := getattr(filters, name))}
    if filters.collection:
        exact["collection_id"] = filters.collection
    items = items.filter(**exact)
    if filters.selection:
        items = items.filter(pk__in=list_selected_ids(project, filters.selection))
    if filters.names:
        items = items.filter(_names_condition(filters.names))
    for name, value in filters.columns:
        items = items.filter(_column_condition(name, value))
    if filters.missing:
        items = items.filter(
            Q(row__isnull=False) & ~Q(row__has_key=filters.missing) | Q(row__contains={filters.missing: None})
        )
    items = narrow_ranges(items, filters, has_numbers=is_number_label(project))
    return _search(items, dataset, filters.q) if filters.q else items


def _names_condition(name: str) -> Q:
    """Labels that were joined of this name and others (`label_interface.values.join_names`). This finds too much where
    names themselves contain the joint, and not what a label had no room for."""
    first, last, between = name + JOINT, JOINT + name, JOINT + name + JOINT
    return Q(label=name) | Q(label__startswith=first) | Q(label__endswith=last) | Q(label__contains=between)


def _search(items: QuerySet[Item], dataset: Dataset, words: str) -> QuerySet[Item]:
    """The words as they stand, in what an item says, its label or its group; of a picture, which says nothing, also in
    where it came from."""
    found = Q(label__icontains=words) | Q(group__icontains=words)
    if dataset.item_kind == "text":
        return items.filter(found | Q(text__icontains=words))
    if dataset.item_kind == "row":
        said = json.dumps(words, ensure_ascii=False)[1:-1]  # as Postgres writes it
        return items.annotate(cells=Cast(_Cells("row"), TextField())).filter(found | Q(cells__icontains=said))
    imports = Collection.objects.filter(dataset=dataset, title__icontains=words)
    return items.filter(found | Q(source_uri__icontains=words) | Q(collection__in=imports.values("pk")))


class _Cells(Func):
    """The values of a row without the names of its columns, which are the same in every row."""

    function = "jsonb_path_query_array"
    template = "%(function)s(%(expressions)s, '$.*')"
    output_field = JSONField()


def _column_condition(name: str, value: str) -> Q:
    same = Q(row__contains={name: value})
    try:
        number = json.loads(value)
    except ValueError:
        return same
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool) and number == number
    return same | Q(row__contains={name: number}) if is_number and abs(number) < 1e300 else same


def list_items(
    project: Project, filters: ItemFilters, *, at: str = "", size: int = PAGE_SIZE, among: Q | None = None
) -> ItemPage:
    """One page of items. `at` is from the page before or after it."""
    items = filter_items(project, filters, among)
    if filters.sort in ("new", "old"):
        ends = _find_ends(project) if filters.needs_scan else None
        return _page_by_id(items, at, size, is_descending=filters.sort == "new", ends=ends)
    if filters.sort in ("date", "-date"):
        return _page_by_date(items, at, size, is_descending=filters.sort == "-date")
    return _page_by_offset(_sort(items, filters.sort), at, size)


def _find_ends(project: Project) -> tuple[int, int]:
    """The least and the largest id in the dataset; (0, 0) when it is empty."""
    ids = Item.objects.filter(dataset=get_dataset(project)).values_list("pk", flat=True)
    return ids.order_by("pk").first() or 0, ids.order_by("-pk").first() or 0


def _scan(rows: QuerySet[Item], count: int, ends: tuple[int, int], bound: int, *, goes_down: bool) -> list[Item]:
    """The first `count` rows, looked for in growing windows of ids: Postgres cannot know how rare a word is, and
    would read everything before it shows the first match. In large windows it is kept from following the index of
    ids, which one process does alone, so that several look through them."""
    first, last = ends
    place = (bound - 1 if bound else last) if goes_down else (bound + 1 if bound else first)
    found: list[Item] = []
    window = SCAN_WINDOW
    beside_index = rows.order_by((F("pk") + 0).desc() if goes_down else (F("pk") + 0).asc())
    while len(found) < count and first <= place <= last:
        stop = place - window if goes_down else place + window
        inside = {"pk__lte": place, "pk__gt": stop} if goes_down else {"pk__gte": place, "pk__lt": stop}
        found += (rows if window == SCAN_WINDOW else beside_index).filter(**inside)[: count - len(found)]
        place, window = stop, min(window * 8, LARGEST_WINDOW)
    return found


def _page_by_id(
    items: QuerySet[Item], at: str, size: int, *, is_descending: bool, ends: tuple[int, int] | None = None
) -> ItemPage:
    is_back, bound = at.startswith("-"), _read_number(at.lstrip("-"))
    goes_down = is_descending != is_back
    rows = items.order_by("-pk" if goes_down else "pk")
    if ends:
        found = _scan(rows, size + 1, ends, bound, goes_down=goes_down)
    else:
        beyond = {"pk__lt" if goes_down else "pk__gt": bound} if bound else {}
        found = list(rows.filter(**beyond)[: size + 1])
    has_more = len(found) > size
    found = found[:size]
    if is_back:
        found.reverse()
    if not found:
        return ItemPage([], "", "")
    has_next, has_previous = (True, has_more) if is_back else (has_more, bool(bound))
    return ItemPage(found, str(found[-1].pk) if has_next else "", f"-{found[0].pk}" if has_previous else "")


def _page_by_date(items: QuerySet[Item], at: str, size: int, *, is_descending: bool) -> ItemPage:
    """Items with a date as the index has them, then those without: one order over both would sort them all."""
    dated = items.filter(event_time__isnull=False).order_by(
        *(("-event_time", "-pk") if is_descending else ("event_time", "pk"))
    )
    offset = min(_read_number(at), DEEPEST_OFFSET)
    found = list(dated[offset : offset + size + 1])
    if len(found) <= size:
        start = max(offset - (offset + len(found) if found else dated.count()), 0)
        found += items.filter(event_time__isnull=True).order_by("-pk")[start : start + size + 1 - len(found)]
    return _cut_page(found, offset, size)


def _page_by_offset(rows: QuerySet[Item], at: str, size: int) -> ItemPage:
    offset = min(_read_number(at), DEEPEST_OFFSET)
    return _cut_page(list(rows[offset : offset + size + 1]), offset, size)


def _cut_page(found: list[Item], offset: int, size: int) -> ItemPage:
    """Of one item more than the page has."""
    has_next = len(found) > size and offset + size <= DEEPEST_OFFSET
    previous = f"{max(offset - size, 0)}" if offset else ""
    return ItemPage(found[:size], str(offset + size) if has_next else "", previous)


def _sort(items: QuerySet[Item], sort: str) -> QuerySet[Item]:
    value, is_descending = name_order(sort)
    order = value.desc(nulls_last=True) if is_descending else value.asc(nulls_last=True)
    return items.order_by(order, "-pk")


def name_order(sort: str) -> tuple[F | KeyTransform, bool]:
    """(what it goes by, whether the greatest comes first) of a list that is not in the order of ids. Items without such
    a value are last."""
    if sort == "label":
        return F("label"), False
    if sort == "size":
        return F("byte_size"), True
    is_descending, name = sort.startswith("-"), sort.removeprefix("-")
    value = F("event_time") if name == "date" else KeyTransform(name.removeprefix(COLUMN_PREFIX), "row")
    return value, is_descending


def count_items(project: Project, filters: ItemFilters, *, among: Q | None = None) -> Tally:
    """How many items match; beyond COUNT_LIMIT "at least" where only a scan would tell."""
    items = filter_items(project, filters, among)
    if not filters.needs_scan:
        return Tally(items.count())
    found = items.order_by()[: COUNT_LIMIT + 1].count()
    return Tally(min(found, COUNT_LIMIT), is_exact=found <= COUNT_LIMIT)


def count_facets(dataset: Dataset) -> Facets:
    """Counts by label and split: everything from covering indexes, less the few that are excluded."""
    items = Item.objects.filter(dataset=dataset)
    out = items.filter(excluded_at__isnull=False)
    splits = _count_less(items, out, "split")
    is_class = not is_number_label(dataset.project)
    excluded = out.count()
    total = sum(splits.values())
    if is_class:
        labels = _count_less(items, out, "label")
        unlabeled = labels.pop(None, 0)
    else:
        labels = {}
        unlabeled = items.filter(label=None).count() - out.filter(label=None).count()
    ranked = sorted(labels.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN_CLASSES]
    return Facets(total, total - unlabeled, unlabeled, excluded, sorted(splits.items()), ranked)


def _count_less(items: QuerySet[Item], out: QuerySet[Item], field: str) -> dict:
    counts = dict(items.values_list(field).order_by().annotate(n=Count("pk")))
    for value, excluded in out.values_list(field).order_by().annotate(n=Count("pk")):
        counts[value] -= excluded
    return {value: count for value, count in counts.items() if count}


def list_by_ids(project: Project, item_ids: list[int]) -> dict[int, Item]:
    """id -> item, of those that are in the project."""
    return Item.objects.filter(dataset__project=project).in_bulk(item_ids)


def find_sources(item_ids: Sequence[int]) -> dict[int, str]:
    """{item id: where it comes from}."""
    return dict(Item.objects.filter(pk__in=item_ids).values_list("pk", "source_uri"))


def is_number_label(project: Project) -> bool:
    """Whether this project's labels are numbers."""
    return get_problem_type(project.problem_type).label_kind == LabelKind.NUMBER


def _read_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
