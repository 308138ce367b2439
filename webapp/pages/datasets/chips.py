"""What is chosen in the gallery, in words, each with the way to take it away."""

from __future__ import annotations

from lifecycle.datasets import selectors
from lifecycle.datasets.filters import COLUMN_PREFIX, ItemFilters
from lifecycle.exploration.rules import TITLES
from lifecycle.projects.models import Project

Chip = tuple[str, str]  # words, query without it
SIMPLE = {"label": "label: {}", "names": "class: {}", "split": "split: {}", "group": "group: {}", "tag": "tag: {}",
          "missing": "no {}", "language": "language: {}", "q": "“{}”"}  # fmt: skip


def describe_filters(project: Project, filters: ItemFilters) -> list[Chip]:
    """Every condition of the filters."""
    chips = [
        (words.format(getattr(filters, name)), filters.to_query(**{name: ""}))
        for name, words in SIMPLE.items()
        if getattr(filters, name)
    ]
    if filters.labeled:
        chips.append(("labeled" if filters.labeled == "yes" else "unlabeled", filters.to_query(labeled="")))
    if filters.dated:
        chips.append(("with a date" if filters.dated == "yes" else "without a date", filters.to_query(dated="")))
    if filters.excluded != "no":
        words = "excluded only" if filters.excluded == "yes" else "excluded too"
        chips.append((words, filters.to_query(excluded="no")))
    if filters.finding:
        chips.append((str(TITLES.get(filters.finding, filters.finding)), filters.to_query(finding="")))  # type: ignore[call-overload]
    if filters.fact:
        words = "unreadable" if filters.fact == "corrupt" else "wrong encoding"
        chips.append((words, filters.to_query(fact="")))
    return chips + _describe_sets(project, filters) + _describe_columns(filters)


def _describe_sets(project: Project, filters: ItemFilters) -> list[Chip]:
    chips = []
    if filters.collection:
        collection = selectors.list_collections(project).filter(pk=filters.collection).first()
        name = collection.title if collection else filters.collection
        chips.append((f"import: {name}", filters.to_query(collection=0)))
    if filters.selection:
        selection = selectors.list_selections(project).filter(pk=filters.selection).first()
        name = selection.title if selection else filters.selection
        chips.append((f"selection: {name}", filters.to_query(selection=0)))
    return chips


def _describe_columns(filters: ItemFilters) -> list[Chip]:
    chips = []
    for pair in filters.columns:
        rest = tuple(p for p in filters.columns if p != pair)
        chips.append((f"{pair[0]}: {pair[1]}", filters.to_query(columns=rest)))
    for place in filters.ranges:
        name, low, high = place
        others = tuple(r for r in filters.ranges if r != place)
        words = f"{name.removeprefix(COLUMN_PREFIX)} {_show_bounds(low, high)}"
        chips.append((words, filters.to_query(ranges=others)))
    return chips


def _show_bounds(low: str, high: str) -> str:
    if low and high:
        return f"from {_short(low)} to below {_short(high)}"
    return f"from {_short(low)}" if low else f"below {_short(high)}"


def _short(bound: str) -> str:
    try:
        return f"{float(bound):.6g}"
    except ValueError:
        return bound[:19].replace("T", " ")
