"""Sections of a data card that a profile gives: columns, texts, pictures, suspected leaks. Knows no Django."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.datasets.card_text import build_table, escape

SHOWN_COLUMNS = 100
SHOWN_VALUES = 3
SHOWN_SUSPECTS = 20
MEASURES = {
    "length": "characters", "words": "words", "width": "width in pixels", "height": "height in pixels",
    "bytes": "bytes of the file",
}  # fmt: skip
LEAKS = ("leak", "missing")  # kinds of suspects that tell of the label; the others merely do not help


def describe_columns(columns: Sequence[tuple[str, str]], profile: Mapping[str, Any] | None) -> str:
    """A table's columns; what is in them where a profile says."""
    if profile is None:
        if not columns:
            return ""
        named = [["column", "type"], *([name, kind] for name, kind in columns[:SHOWN_COLUMNS])]
        return f"## Columns\n\n{build_table(named, more=len(columns) - SHOWN_COLUMNS, of='columns')}\n"
    found = [column for column in profile["columns"] if not column["is_measure"]]
    if not found:
        return ""
    rows: list[list[object]] = [["column", "type", "missing", "distinct", "range or most frequent values"]]
    for column in found[:SHOWN_COLUMNS]:
        missing = _share(column["missing"], profile["items"])
        rows.append([column["name"], column["kind"], missing, f"{column['distinct']:,}", _describe_range(column)])
    return f"## Columns\n\n{build_table(rows, more=len(found) - SHOWN_COLUMNS, of='columns')}\n"


def _describe_range(column: Mapping[str, Any]) -> str:
    if "numbers" in column:
        numbers = column["numbers"]
        middle = numbers["quantiles"].get("0.5")
        return f"{_number(numbers['min'])} to {_number(numbers['max'])}, median {_number(middle)}"
    if "dates" in column:
        return f"{column['dates']['min'][:10]} to {column['dates']['max'][:10]}"
    values = column.get("values", [])
    shown = ", ".join(f"{value[:40]} ({count:,})" for value, count in values[:SHOWN_VALUES])
    return f"{shown} …" if len(values) > SHOWN_VALUES else shown


def describe_contents(profile: Mapping[str, Any]) -> str:
    """Lengths and languages of texts; sizes, channels and damage of pictures."""
    measures = {column["name"]: column for column in profile["columns"] if column["is_measure"]}
    lines = []
    if "texts" in profile:
        texts = profile["texts"]
        languages = ", ".join(f"{escape(name)} ({count:,})" for name, count in texts["languages"])
        asked = f" (of {texts['looked_up']:,} texts long enough that were looked at)"
        lines += [f"- Languages: {languages}{asked}."] if languages else []
        lines.append(f"- Nearly empty: {texts['near_empty']:,}; with signs of a wrong encoding: {texts['damaged']:,}.")
    if "images" in profile:
        images = profile["images"]
        channels = _count_channels(measures.get("channels"))
        lines += [f"- Channels: {channels}."] if channels else []
        lines.append(f"- Corrupt: {images['corrupt']:,} of {images['corrupt'] + images['measured']:,} looked at.")
    rows: list[list[object]] = [["measure", "smallest", "median", "largest"]]
    for name, title in MEASURES.items():
        numbers = measures.get(name, {}).get("numbers")
        if numbers:
            cells = [_number(value) for value in (numbers["min"], numbers["quantiles"].get("0.5"), numbers["max"])]
            rows.append([title, *cells])
    if len(rows) > 1:
        lines.insert(0, build_table(rows) + "\n")
    return f"## What the items are like\n\n{chr(10).join(lines)}\n" if lines else ""


def _count_channels(column: Mapping[str, Any] | None) -> str:
    """How many pictures have one, three, four: their bins are one number wide."""
    bins = (column or {}).get("bins")
    if not bins:
        return ""
    pairs = [(round(edge + 0.5), count) for edge, count in zip(bins["edges"], bins["counts"], strict=False) if count]
    return ", ".join(f"{channels} ({count:,})" for channels, count in pairs)


def describe_suspects(profile: Mapping[str, Any]) -> str:
    """Columns that say too much of the label, then those that say nothing a model could use."""
    if not profile["columns"]:
        return ""
    leaks = [one["reason"] for one in profile["suspects"] if one["kind"] in LEAKS]
    others = [one["reason"] for one in profile["suspects"] if one["kind"] not in LEAKS]
    text = _list(leaks) if leaks else "No column looks as if it gave the label away."
    return f"## Suspected leakage\n\n{text}\n" + (f"\nAlso worth a look:\n\n{_list(others)}\n" if others else "")


def _list(sentences: Sequence[str]) -> str:
    lines = [f"- {escape(sentence)}" for sentence in sentences[:SHOWN_SUSPECTS]]
    more = len(sentences) - SHOWN_SUSPECTS
    return "\n".join([*lines, f"- and {more:,} more."] if more > 0 else lines)


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.1%})" if part and whole else f"{part:,}"


def _number(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"
