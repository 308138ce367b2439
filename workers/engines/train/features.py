"""What the columns of a table are, learned from the training rows, for `workers.engines.artifact.rows` to encode."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from workers.engines.artifact.rows import (
    DATE_PARTS,
    compute_date_part,
    is_missing,
    parse_category,
    parse_date,
    parse_number,
)
from workers.engines.train.data import Examples
from workers.engines.train.errors import TrainingRefused

Scheme = Literal["ordered", "indexed"]
Log = Callable[[str, str], None]
KIND_SHARE = 0.95  # of the values that must read as numbers or dates for the column to be one
DATE_PATTERNS = ("iso", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %b %Y", "%b %d, %Y")
MAX_CATEGORIES = 200
SMOOTHING = 10.0  # items that a category's mean is drawn toward the overall mean with


def fit_features(examples: Examples, scheme: Scheme, log: Log) -> tuple[dict[str, Any], ...]:
    """One feature for each usable column of the training rows; raises TrainingRefused when none is left.

    With "ordered", codes of categories rise with the target, so that a tree's threshold on them is a sensible split
    (Fisher 1958; for several classes by the first principal component, Coppersmith et al. 1999). With "indexed", two
    codes of their own stand for unknown and missing categories, as embeddings want.
    """
    rows, targets = examples.train.items, examples.train.targets
    names = list(dict.fromkeys(name for row in rows for name in row))
    features, dropped = [], []
    for name in names:
        values = [row.get(name) for row in rows]
        feature = _fit_column(name, values, scheme, targets, len(examples.classes))
        if feature is None:
            dropped.append(name)
        else:
            features.append(feature)
    if dropped:
        log(f"Left out, as they say nothing (empty, constant or all different): {', '.join(dropped[:10])}.", "warning")
    if not features:
        raise TrainingRefused("No column of the training rows can be used: all are empty, constant or identifiers.")
    return tuple(features)


def _fit_column(
    name: str, values: list[Any], scheme: Scheme, targets: np.ndarray, classes: int
) -> dict[str, Any] | None:
    present = [v for v in values if not is_missing(v)]
    if not present:
        return None
    if _share(present, lambda v: not isinstance(v, bool) and not math.isnan(parse_number(v))) >= KIND_SHARE:
        return _fit_number(name, values)
    for pattern in DATE_PATTERNS:
        if _share(present, partial(parse_date, pattern=pattern)) >= KIND_SHARE:
            return _fit_date(name, values, pattern)
    return _fit_category(name, values, scheme, targets, classes)


def _share(values: Sequence[Any], accept: Callable[[Any], Any]) -> float:
    return sum(1 for v in values if accept(v)) / len(values)


def _fit_number(name: str, values: Sequence[Any]) -> dict[str, Any] | None:
    column = np.array([parse_number(v) for v in values], dtype=np.float64).astype(np.float32)
    is_absent = np.isnan(column)
    known = column[~is_absent]
    if np.ptp(known) == 0 and not is_absent.any():
        return None
    # A column without gaps teaches nothing about gaps: a later one is filled with the median.
    fill = None if is_absent.any() else float(np.median(known))
    return {"name": name, "kind": "number", "fill": fill}


def _fit_date(name: str, values: Sequence[Any], pattern: str) -> dict[str, Any] | None:
    moments = [parse_date(v, pattern) for v in values]
    known = [m for m in moments if m is not None]
    if len(set(known)) == 1 and len(known) == len(moments):
        return None
    parts = [p for p in DATE_PARTS if len({compute_date_part(m, p) for m in known}) > 1] or ["days"]
    fill = None
    if len(known) == len(moments):
        fill = [float(np.median([compute_date_part(m, part) for m in known])) for part in parts]
    return {"name": name, "kind": "date", "format": pattern, "parts": parts, "fill": fill}


def _fit_category(
    name: str, values: Sequence[Any], scheme: Scheme, targets: np.ndarray, classes: int
) -> dict[str, Any] | None:
    texts = [parse_category(v) for v in values]
    counts = Counter(t for t in texts if t is not None)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_CATEGORIES]
    kept = [text for text, count in ranked if count > 1 or len(values) < 50]
    has_missing = None in texts
    if not kept or (len(kept) == 1 and len(counts) == 1 and not has_missing):
        return None
    if scheme == "indexed":
        codes = {"categories": kept, "other_code": len(kept), "missing_code": len(kept) + 1}
    else:
        codes = _order_categories(kept, texts, targets, classes)
    return {"name": name, "kind": "category", **codes}


def _order_categories(
    kept: Sequence[str], texts: Sequence[str | None], targets: np.ndarray, classes: int
) -> dict[str, Any]:
    """Categories by their smoothed place on the target's axis; rare, unknown and missing ones where theirs falls."""
    index: Mapping[str | None, int] = {text: i for i, text in enumerate(kept)}
    other, missing = len(kept), len(kept) + 1
    codes = np.array([missing if t is None else index.get(t, other) for t in texts])
    places = _place_on_target_axis(codes, targets, classes, len(kept) + 2)
    order = np.argsort(places[: len(kept)], kind="stable")
    ordered_places = places[: len(kept)][order]

    def find_code(place: float) -> float:
        return float(np.searchsorted(ordered_places, place)) - 0.5  # halfway between its neighbors

    missing_code = find_code(places[missing])
    return {
        "categories": [kept[i] for i in order],
        "other_code": find_code(places[other]),
        "missing_code": missing_code - 0.25 if (codes == missing).any() else missing_code,
    }


def _place_on_target_axis(codes: np.ndarray, targets: np.ndarray, classes: int, groups: int) -> np.ndarray:
    """One number a group [groups]: its smoothed mean target, or its class shares' first principal component."""
    table = np.eye(classes)[targets] if classes else targets[:, None].astype(np.float64)  # [n, classes or 1]
    overall = table.mean(axis=0)
    sums = np.zeros((groups, table.shape[1]))
    np.add.at(sums, codes, table)
    counts = np.bincount(codes, minlength=groups)[:, None]
    means = (sums + SMOOTHING * overall) / (counts + SMOOTHING) - overall
    if classes <= 2:
        return means[:, -1]
    _, _, axes = np.linalg.svd(means * np.sqrt(counts), full_matrices=False)
    axis = axes[0] * (1.0 if axes[0][np.abs(axes[0]).argmax()] > 0 else -1.0)  # a sign that does not depend on LAPACK
    return means @ axis
