"""One column of a profile as its card shows it: numbers in words, bars and values with links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.charts.exploration import (
    Bar,
    MeanLine,
    ValueLine,
    build_bars,
    build_mean_line,
    build_query,
    build_values,
)
from webapp.templatetags.gristmill import score

RATHER_TELLING = 0.5


@dataclass(frozen=True)
class Extreme:
    item_id: int
    value: float


@dataclass(frozen=True)
class ColumnCard:
    name: str
    title: str
    kind: str
    missing: int
    missing_share: float
    missing_url: str
    distinct: int
    is_estimate: bool
    infinite: int
    facts: list[tuple[str, str]]
    bars: list[Bar]
    mean_line: MeanLine | None
    values: list[ValueLine]
    low: list[Extreme]
    high: list[Extreme]
    spellings: list[list[str]]
    skill: float | None
    suspects: list[Mapping[str, Any]] = field(default_factory=list)
    sort_low: str = ""
    sort_high: str = ""


def describe_columns(result: Mapping[str, Any], gallery: str) -> list[ColumnCard]:
    """Every column in its order, what is suspected of it beside it."""
    suspects: dict[str, list] = {}
    for suspect in result["suspects"]:
        suspects.setdefault(suspect["column"], []).append(suspect)
    items = result["items"] or 1
    return [_describe(column, result, suspects, items, gallery) for column in result["columns"]]


def choose_columns(cards: list[ColumnCard], asked: Mapping[str, str]) -> list[ColumnCard]:
    """Those that have the words in their name and are of the kind, in the order that the address asks for."""
    words, kind = asked.get("q", "").casefold(), asked.get("kind", "")
    found = [card for card in cards if words in card.title.casefold() and kind in ("", card.kind)]
    orders: dict[str, Callable[[ColumnCard], Any]] = {
        "name": lambda card: card.title.casefold(),
        "missing": lambda card: -card.missing,
        "telling": lambda card: -(card.skill or 0),
    }
    order = orders.get(asked.get("order", ""))
    return sorted(found, key=order) if order else found


def _describe(column: Mapping, result: Mapping, suspects: Mapping, items: int, gallery: str) -> ColumnCard:
    name, extremes = column["name"], column.get("extremes") or {"low": [], "high": []}
    is_feature = not column["is_measure"]
    return ColumnCard(
        name=name,
        title=column["title"],
        kind=column["kind"],
        missing=column["missing"],
        missing_share=column["missing"] / items,
        missing_url=build_query(gallery, missing=name) if is_feature and column["missing"] else "",
        distinct=column["distinct"],
        is_estimate=column.get("is_estimate", False),
        infinite=column.get("infinite", 0),
        facts=_list_facts(column),
        bars=build_bars(column, gallery),
        mean_line=build_mean_line(column) if is_feature or name != "label" else None,  # not of the label over itself
        values=build_values(column, gallery),
        low=[Extreme(*pair) for pair in extremes["low"]],
        high=[Extreme(*pair) for pair in extremes["high"]],
        spellings=column.get("spellings") or [],
        skill=result["skills"].get(name),
        suspects=suspects.get(name, []),
        sort_low=build_query(gallery, sort=f"col.{name}") if is_feature else "",
        sort_high=build_query(gallery, sort=f"-col.{name}") if is_feature else "",
    )


def _list_facts(column: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, value) pairs under the bars."""
    numbers, dates, lengths = column.get("numbers"), column.get("dates"), column.get("lengths")
    if numbers:
        quantiles = numbers["quantiles"]
        found = [
            ("min", numbers["min"]),
            ("5 %", quantiles["0.05"]),
            ("median", quantiles["0.5"]),
            ("95 %", quantiles["0.95"]),
            ("max", numbers["max"]),
            ("mean", numbers["mean"]),
            ("± ", numbers["deviation"]),
        ]
        facts = [(name, score(value)) for name, value in found if value is not None]
        return facts + [
            (name, f"{numbers[key]:,}") for name, key in (("zeros", "zeros"), ("below 0", "negative")) if numbers[key]
        ]
    if dates:
        return [("from", dates["min"][:10]), ("to", dates["max"][:10])]
    if lengths and lengths["max"]:
        return [("characters", f"{lengths['min']:,} – {lengths['max']:,}")]
    return []
