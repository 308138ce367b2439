"""How columns go together: Pearson's r over all rows for numbers; correlation ratio and Cramér's V on a sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from workers.engines.profile.cells import Column

MAX_COLUMNS = 60
MAX_CATEGORIES = 50
BATCH = 65_536


def correlate(path: Path, columns: Sequence[Column], sample: pd.DataFrame) -> dict[str, Any] | None:
    """{"names", "matrix", "usable"}: r in -1..1 between two numbers, else 0..1 without a sign; None cells say nothing.
    Of more columns than MAX_COLUMNS, which `usable` counts, the first are compared."""
    fitting = [c for c in columns if c.kind == "number" or _is_category(c, sample)]
    usable = fitting[:MAX_COLUMNS]
    if len(usable) < 2:
        return None
    numbers = [c.key for c in usable if c.kind == "number"]
    pearson = dict(zip(numbers, compute_pearson(path, numbers), strict=True)) if len(numbers) > 1 else {}
    matrix: list[list[float | None]] = []
    for i, a in enumerate(usable):
        row: list[float | None] = []
        for j, b in enumerate(usable):
            if i == j:
                row.append(1.0)
            elif a.kind == "number" and b.kind == "number":
                row.append(_round(pearson[a.key][numbers.index(b.key)]))
            else:
                row.append(matrix[j][i] if j < i else _round(_associate(a, b, sample)))
        matrix.append(row)
    return {"names": [c.name for c in usable], "matrix": matrix, "usable": len(fitting)}


def compute_pearson(path: Path, keys: Sequence[str]) -> np.ndarray:
    """[k, k], over the rows where both are there; one pass over the file, whatever its size."""
    k = len(keys)
    shift, scale = np.zeros(k), np.zeros(k)
    is_known = np.zeros(k, bool)  # whether a column has had a number yet
    count, total, square, product = (np.zeros((k, k)) for _ in range(4))
    with pq.ParquetFile(path) as source:
        for batch in source.iter_batches(batch_size=BATCH, columns=list(keys)):
            values = np.column_stack([c.to_numpy(zero_copy_only=False).astype(np.float64) for c in batch.columns])
            known = np.isfinite(values)
            for n in np.flatnonzero(known.any(axis=0) & ~is_known):
                first = values[known[:, n], n] / 2  # halves: the distance of two large numbers may be infinite
                shift[n] = np.median(first)  # near the mean, so that sums of squares do not cancel
                scale[n] = np.abs(first - shift[n]).max() or 1.0  # nor are infinite
                is_known[n] = True
            values = np.where(known, (values / 2 - shift) / np.where(is_known, scale, 1.0), 0.0)
            mask = known.astype(np.float64)
            count += mask.T @ mask
            total += values.T @ mask  # sum of i where j is known
            square += (values**2).T @ mask
            product += values.T @ values
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        spread = np.sqrt(np.maximum(square / count - mean**2, 0))
        return (product / count - mean * mean.T) / (spread * spread.T)


def _is_category(column: Column, sample: pd.DataFrame) -> bool:
    return column.kind == "category" and 1 < sample[column.key].nunique() <= MAX_CATEGORIES


def _associate(a: Column, b: Column, sample: pd.DataFrame) -> float:
    pair = sample[[a.key, b.key]].dropna()
    if len(pair) < 10:
        return float("nan")
    if a.kind == "number":
        return compute_correlation_ratio(pair[b.key].to_numpy(), pair[a.key].to_numpy(np.float64))
    if b.kind == "number":
        return compute_correlation_ratio(pair[a.key].to_numpy(), pair[b.key].to_numpy(np.float64))
    return compute_cramers_v(pair[a.key].to_numpy(), pair[b.key].to_numpy())


def compute_correlation_ratio(categories: np.ndarray, values: np.ndarray) -> float:
    """Eta, 0..1: the share of the spread of `values` that lies between the categories, as a root."""
    values = values - values[0]  # of equal values no rounding is left, which would be taken for a spread
    values = values / (np.abs(values).max() or 1.0)
    _, codes = np.unique(categories.astype(str), return_inverse=True)
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=values) / counts
    spread = ((values - values.mean()) ** 2).sum()
    return float(np.sqrt((counts * (means - values.mean()) ** 2).sum() / spread)) if spread > 0 else float("nan")


def compute_cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    """Cramér's V with Bergsma's correction for bias (2013), 0..1."""
    names_a, codes_a = np.unique(a.astype(str), return_inverse=True)
    names_b, codes_b = np.unique(b.astype(str), return_inverse=True)
    rows, columns, n = len(names_a), len(names_b), len(a)
    if min(rows, columns) < 2:
        return float("nan")
    table = np.bincount(codes_a * columns + codes_b, minlength=rows * columns).reshape(rows, columns)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi = ((table - expected) ** 2 / expected).sum() / n
    phi = max(0.0, phi - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else float("nan")


def _round(value: float) -> float | None:
    return round(float(np.clip(value, -1, 1)), 4) if np.isfinite(value) else None
