"""Rows of a table to numbers, the same way in training and in serving.

A feature is ``{"name", "kind", …}``: a number has `fill` (what stands for a missing value; null passes NaN on), a
category has `categories` with `other_code` and `missing_code`, a date has `format` and `parts`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

import numpy as np

from workers.engines.artifact.errors import BadInput

MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
FLOAT32_MAX = float(np.finfo(np.float32).max)
DATE_PARTS = ("days", "month", "day", "weekday", "hour")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_number(value: object) -> float:
    """The value as a finite float32-sized number, NaN where it is missing or none."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        value = value.strip()
        if "_" in value:  # float() reads Python's 1_000
            return math.nan
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        return math.nan
    if not math.isfinite(number):
        return math.nan
    return min(max(number, -FLOAT32_MAX), FLOAT32_MAX)


def parse_category(value: object) -> str | None:
    """The value as the text that categories are compared by, None where it is missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # 1.0 from JSON is the "1" of a CSV file
    if isinstance(value, (int, float)):
        return str(value)
    text = value.strip() if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text or None


def parse_date(value: object, pattern: str) -> datetime | None:
    """The value as an aware UTC time, None where it is missing or not a date in `pattern` ("iso" or strptime's)."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, str) and value.strip():
        try:
            text = value.strip()
            moment = datetime.fromisoformat(text) if pattern == "iso" else datetime.strptime(text, pattern)
        except (ValueError, OverflowError):
            return None
    else:
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def is_missing(value: object) -> bool:
    """Whether a cell says nothing: null, NaN, or one of the usual words for it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return isinstance(value, str) and value.strip().lower() in MISSING_WORDS


def list_columns(features: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the encoded columns: a feature's own, or ``name.part`` for each part of a date."""
    names: list[str] = []
    for feature in features:
        if feature["kind"] == "date":
            names += [f"{feature['name']}.{part}" for part in feature["parts"]]
        else:
            names.append(feature["name"])
    return names


def check_row(item: object, features: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The item when it is a row with at least one of the model's columns; raises BadInput."""
    if not isinstance(item, Mapping):
        raise BadInput("A row must be sent as an object of column names and values.")
    if features and not any(f["name"] in item for f in features):
        names = ", ".join(f["name"] for f in features[:8])
        raise BadInput(f"The row has none of the columns this model reads ({names}).")
    return item


def encode_rows(rows: Sequence[Mapping[str, Any]], features: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Rows as float32 [rows, columns]; unknown categories, missing values and wrong types as the features say."""
    blocks = []
    for are_numbers, neighbors in groupby(features, key=lambda feature: feature["kind"] == "number"):
        if are_numbers:
            blocks.append(_encode_numbers(rows, list(neighbors)))
        else:
            blocks += [_encode_feature([row.get(feature["name"]) for row in rows], feature) for feature in neighbors]
    if not blocks:
        return np.zeros((len(rows), 0), dtype=np.float32)
    return np.concatenate(blocks, axis=1)


def _encode_feature(values: Sequence[object], feature: Mapping[str, Any]) -> np.ndarray:
    if feature["kind"] == "category":
        return _encode_categories(values, feature)
    if feature["kind"] == "date":
        return _encode_dates(values, feature)
    raise BadInput(f"The column {feature['name']} has the unknown kind {feature['kind']!r}.")


def _encode_numbers(rows: Sequence[Mapping[str, Any]], features: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Neighboring number columns at once: one row of many columns is what an endpoint is asked for most."""
    names = [feature["name"] for feature in features]
    cells = [[v if type(v) is float else parse_number(v) for v in map(row.get, names)] for row in rows]
    table = np.array(cells, dtype=np.float64).reshape(len(rows), len(names))
    table[~np.isfinite(table)] = np.nan
    encoded = np.clip(table, -FLOAT32_MAX, FLOAT32_MAX).astype(np.float32)
    fills = np.array([math.nan if f.get("fill") is None else f["fill"] for f in features], dtype=np.float32)
    return np.where(np.isnan(encoded), fills, encoded)


def _encode_categories(values: Sequence[object], feature: Mapping[str, Any]) -> np.ndarray:
    codes = {name: float(code) for code, name in enumerate(feature["categories"])}
    missing, other = float(feature["missing_code"]), float(feature["other_code"])
    texts = (parse_category(v) for v in values)
    column = np.array([missing if t is None else codes.get(t, other) for t in texts], dtype=np.float32)
    return column[:, None]


def _encode_dates(values: Sequence[object], feature: Mapping[str, Any]) -> np.ndarray:
    fills = feature["fill"]
    table = np.empty((len(values), len(feature["parts"])), dtype=np.float32)
    for i, value in enumerate(values):
        moment = parse_date(value, feature["format"])
        for j, part in enumerate(feature["parts"]):
            fill = math.nan if fills is None else fills[j]
            table[i, j] = fill if moment is None else compute_date_part(moment, part)
    return table


def compute_date_part(moment: datetime, part: str) -> float:
    """One number of a UTC time: days since 1970 (with the fraction), month, day, weekday (Monday 0) or hour."""
    if part == "days":
        return (moment - _EPOCH).total_seconds() / 86400.0
    if part == "hour":
        return moment.hour + moment.minute / 60.0
    if part == "weekday":
        return float(moment.weekday())
    return float(getattr(moment, part))


def describe_row(row: Mapping[str, Any], features: Sequence[Mapping[str, Any]]) -> dict[str, float | str | None]:
    """What monitoring compares: each number, each category as text, each date as days since 1970; null if missing."""
    described: dict[str, float | str | None] = {}
    for feature in features:
        value = row.get(feature["name"])
        if feature["kind"] == "category":
            described[feature["name"]] = parse_category(value)
            continue
        if feature["kind"] == "date":
            moment = parse_date(value, feature["format"])
            number = math.nan if moment is None else compute_date_part(moment, "days")
        else:
            number = parse_number(value)
        described[feature["name"]] = None if math.isnan(number) else number
    return described
