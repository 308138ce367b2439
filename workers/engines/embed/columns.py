"""Rows of a table as vectors: numbers and dates standardized, categories one-hot, each column weighing the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workers.engines.artifact.rows import compute_date_part, is_missing, parse_category, parse_date, parse_number

KIND_SHARE = 0.95  # of the values that must read as numbers or dates for the column to be one
MAX_CATEGORIES = 30
IDENTIFIER_SHARE = 0.5  # of distinct values above which a text column tells items apart, not alike
REACH = 6.0  # standard deviations an extreme value may be away: one wild column must not decide alone


def fit_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{"columns": […]}: what `encode_columns` needs, learned from some rows."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = (_fit_column(name, [row.get(name) for row in rows]) for name in names)
    return {"columns": [column for column in columns if column is not None]}


def _fit_column(name: str, values: Sequence[Any]) -> dict[str, Any] | None:
    present = [value for value in values if not is_missing(value)]
    if not present:
        return None
    numbers = _read_numbers(present)
    if np.isfinite(numbers).mean() >= KIND_SHARE:
        return _fit_scale(name, "number", numbers)
    days = _read_days(present)
    if np.isfinite(days).mean() >= KIND_SHARE:
        return _fit_scale(name, "date", days)
    counts = Counter(parse_category(value) for value in present)
    if len(counts) < 2 or (len(counts) > MAX_CATEGORIES and len(counts) > IDENTIFIER_SHARE * len(present)):
        return None
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))[:MAX_CATEGORIES]
    return {"name": name, "kind": "category", "categories": [category for category, _ in ranked]}


def _fit_scale(name: str, kind: str, numbers: np.ndarray) -> dict[str, Any] | None:
    known = numbers[np.isfinite(numbers)]
    deviation = float(known.std())
    if deviation == 0 or not math.isfinite(deviation):
        return None
    return {"name": name, "kind": kind, "mean": float(known.mean()), "deviation": deviation}


def encode_columns(rows: Sequence[Mapping[str, Any]], state: Mapping[str, Any]) -> np.ndarray:
    """float32 [rows, numbers and categories]; a missing number stands at the mean, a missing category nowhere."""
    blocks = [_encode_column([row.get(column["name"]) for row in rows], column) for column in state["columns"]]
    return np.concatenate(blocks, axis=1)


def _encode_column(values: Sequence[Any], column: Mapping[str, Any]) -> np.ndarray:
    if column["kind"] == "category":
        places = {category: place for place, category in enumerate(column["categories"])}
        block = np.zeros((len(values), len(places)), dtype=np.float32)
        for row, value in enumerate(values):
            place = places.get(parse_category(value))
            if place is not None:
                block[row, place] = 1.0  # two different categories are √2 apart, as two numbers are on average
        return block
    numbers = _read_numbers(values) if column["kind"] == "number" else _read_days(values)
    scaled = np.clip((numbers - column["mean"]) / column["deviation"], -REACH, REACH)
    return np.nan_to_num(scaled, nan=0.0).astype(np.float32)[:, None]


def _read_numbers(values: Sequence[Any]) -> np.ndarray:
    return np.array([math.nan if isinstance(v, bool) else parse_number(v) for v in values], dtype=np.float64)


def _read_days(values: Sequence[Any]) -> np.ndarray:
    moments = (parse_date(value, "iso") for value in values)
    return np.array([math.nan if m is None else compute_date_part(m, "days") for m in moments], dtype=np.float64)
