"""Reference distributions: built at training, counted again on live traffic; see `lifecycle.contracts.reference`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BINS = 20
MAX_CATEGORIES = 100
UNIT_EDGES = tuple(i / BINS for i in range(BINS + 1))  # for confidences and other shares


def build_histogram(values: Sequence[float | str | None], *, edges: Sequence[float] | None = None) -> dict[str, Any]:
    """A Histogram of numbers (quantile bins unless `edges` are given) or of categories; None counts as missing."""
    present = [v for v in values if v is not None]
    if present and isinstance(present[0], str):
        return _build_categories([str(v) for v in present], len(values) - len(present))
    numbers = np.array(present, dtype=np.float64)
    chosen = np.asarray(edges if edges is not None else compute_edges(numbers), dtype=np.float64)
    return {
        "kind": "number",
        "edges": [float(e) for e in chosen],
        "counts": count_numbers(numbers, chosen),
        "missing": len(values) - len(present),
    }


def build_label_histogram(labels: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """A category Histogram over all `classes`, in their order."""
    counts = Counter(labels)
    return {
        "kind": "category",
        "categories": list(classes),
        "counts": [counts[c] for c in classes],
        "missing": 0,
        "other": sum(n for label, n in counts.items() if label not in set(classes)),
    }


def compute_edges(numbers: np.ndarray) -> np.ndarray:
    """Up to BINS + 1 increasing edges: equal shares, or one bin a value where there are few values."""
    if numbers.size == 0:
        return np.array([0.0, 1.0])
    distinct = np.unique(numbers)
    if distinct.size == 1:
        margin = max(abs(float(distinct[0])) * 1e-6, 0.5)
        return np.array([distinct[0] - margin, distinct[0] + margin])
    if distinct.size <= BINS:
        middles = (distinct[1:] + distinct[:-1]) / 2
        return np.unique(
            np.concatenate([distinct[:1], middles, distinct[-1:]])
        )  # nothing is between neighbouring floats
    return np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)))


def count_numbers(numbers: np.ndarray, edges: np.ndarray) -> list[int]:
    """How many numbers fall into each bin; what lies outside the edges counts in the first or last bin."""
    inside = np.clip(numbers, edges[0], edges[-1])
    return [int(n) for n in np.histogram(inside, bins=edges)[0]]


def count_like(reference: Mapping[str, Any], values: Sequence[float | str | None]) -> dict[str, Any]:
    """The Histogram of `values` in the bins or categories of `reference`, so that the two can be compared."""
    present = [v for v in values if v is not None]
    missing = len(values) - len(present)
    if reference["kind"] == "number":
        numbers = np.array([v for v in present if isinstance(v, (int, float))], dtype=np.float64)
        counts = count_numbers(numbers, np.asarray(reference["edges"], dtype=np.float64))
        return {"kind": "number", "edges": reference["edges"], "counts": counts, "missing": missing}
    counter = Counter(str(v) for v in present)
    counts = [counter.pop(c, 0) for c in reference["categories"]]
    return {**reference, "counts": counts, "missing": missing, "other": sum(counter.values())}


def _build_categories(values: list[str], missing: int) -> dict[str, Any]:
    ordered = sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "kind": "category",
        "categories": [name for name, _ in ordered[:MAX_CATEGORIES]],
        "counts": [count for _, count in ordered[:MAX_CATEGORIES]],
        "missing": missing,
        "other": sum(count for _, count in ordered[MAX_CATEGORIES:]),
    }
