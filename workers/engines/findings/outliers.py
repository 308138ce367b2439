"""Items unlike all others: distance to the nearest neighbors, for rows an isolation forest."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecycle.contracts.profile import FindingKind, FoundItem
from workers.engines.findings.loading import Look

NEIGHBORS = 10
LEAST_ITEMS = 50
LEAST_EXCESS = 4.0  # robust deviations above the usual distance
MAX_SHARE = 0.02
CHUNK = 1_000
FAR = 1e9  # robust deviations; farther is not told apart, and fits the forest's 32 bits


def find_by_distance(look: Look, vectors: np.ndarray, readable: np.ndarray) -> list[FoundItem]:
    """Items whose nearest neighbors are far away; `vectors` [n, d], `readable` [n] says which rows mean anything."""
    places = np.flatnonzero(readable)
    if len(places) < LEAST_ITEMS:
        look.notes[FindingKind.OUTLIERS] = f"Needs at least {LEAST_ITEMS} items; there are {len(places)}."
        return []
    distances = measure_neighbors(vectors[places], look)
    logs = np.log(np.maximum(distances, 1e-9))
    excess = measure_excess(logs)
    usual = float(np.median(distances))
    found = [
        FoundItem(
            FindingKind.OUTLIERS,
            int(look.items.ids[places[n]]),
            _score(excess[n]),
            f"Its nearest neighbors are {distances[n] / (usual or 1):.1f} times as far away as is usual",
        )
        for n in np.argsort(-excess)[: _limit(look, len(places))]
        if excess[n] >= LEAST_EXCESS
    ]
    look.notes[FindingKind.OUTLIERS] = f"Compared {len(places):,} items by what a model sees in them."
    return found


def measure_neighbors(vectors: np.ndarray, look: Look) -> np.ndarray:
    """Mean distance to the NEIGHBORS nearest others [n], by brute force in blocks."""
    points = np.ascontiguousarray(vectors, dtype=np.float32)
    squares = (points**2).sum(1)
    count = min(NEIGHBORS, len(points) - 1)
    found = np.empty(len(points), dtype=np.float64)
    for start in range(0, len(points), CHUNK):
        look.check()
        block = points[start : start + CHUNK]
        gaps = squares[None, :] + squares[start : start + CHUNK, None] - 2 * block @ points.T
        gaps[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        nearest = np.partition(gaps, count - 1, axis=1)[:, :count]
        found[start : start + CHUNK] = np.sqrt(np.maximum(nearest, 0)).mean(1)
    return found


def find_by_isolation(look: Look, table: pd.DataFrame) -> list[FoundItem]:
    """Rows that few random cuts set apart (Liu, Ting, Zhou 2008), with the cells that stand out."""
    from sklearn.ensemble import IsolationForest

    if len(table) < LEAST_ITEMS or not len(table.columns):
        look.notes[FindingKind.OUTLIERS] = f"Needs at least {LEAST_ITEMS} rows with features; there are {len(table)}."
        return []
    numbers, rarity = _to_numbers(table)
    forest = IsolationForest(n_estimators=100, max_samples=min(1_024, len(table)), random_state=look.spec.seed)
    excess = measure_excess(-forest.fit(numbers).score_samples(numbers))
    chosen = [n for n in np.argsort(-excess)[: _limit(look, len(table))] if excess[n] >= LEAST_EXCESS]
    look.notes[FindingKind.OUTLIERS] = f"Compared {len(table):,} rows by {len(table.columns)} features."
    return [
        FoundItem(FindingKind.OUTLIERS, int(look.items.ids[n]), _score(excess[n]), _name_cells(table, rarity, int(n)))
        for n in chosen
    ]


def _to_numbers(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Numbers for the forest, and how far each cell stands out, in robust deviations or as rarity."""
    columns, rarity = [], []
    for name in table.columns:
        values = table[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            shares = values.map(values.value_counts(normalize=True)).astype(np.float64).fillna(0).to_numpy()
            columns.append(shares)
            rarity.append(-np.log10(np.maximum(shares, 1e-6)) * 1.5)
        else:
            standing = _standardize(values.to_numpy(np.float64))
            columns.append(standing)
            rarity.append(np.abs(standing))
    return np.column_stack(columns), np.column_stack(rarity)


def _standardize(values: np.ndarray) -> np.ndarray:
    """Robust deviations from the median, within FAR; 0 for missing cells. Cuts at random do not mind the scale."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.nan_to_num(values, nan=0.0, posinf=FAR, neginf=-FAR)
    scale = float(np.abs(values[finite]).max()) or 1.0
    known = values[finite] / scale  # sums and squares of very large numbers are infinite
    standing = (values / scale - np.median(known)) / _spread(known)
    return np.clip(np.nan_to_num(standing, nan=0.0, posinf=FAR, neginf=-FAR), -FAR, FAR)


def _name_cells(table: pd.DataFrame, rarity: np.ndarray, row: int) -> str:
    """The cells that stand out most, in words."""
    best = np.argsort(-rarity[row])[:2]
    cells = [f"{table.columns[n]} = {_show(table.iloc[row, n])}" for n in best if rarity[row, n] > 1.5]
    return ("Unusual: " + " and ".join(cells)) if cells else "An unusual combination of ordinary values"


def _show(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)[:60]


def measure_excess(values: np.ndarray) -> np.ndarray:
    """How far above the median, in robust deviations."""
    return (values - np.median(values)) / _spread(values)


def _spread(values: np.ndarray) -> float:
    gaps = np.abs(values - np.median(values))
    deviation = 1.4826 * float(np.median(gaps))
    return deviation or float(np.sqrt((gaps**2).mean())) or 1.0


def _score(excess: float) -> float:
    return round(float(excess / (excess + LEAST_EXCESS)), 4)


def _limit(look: Look, count: int) -> int:
    return min(look.spec.max_listed, max(10, round(MAX_SHARE * count)))
