"""Farthest-first traversal and k-means over item vectors; knows neither tasks nor a database."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lifecycle.contracts.engine import Canceled

MAX_PICKS = 1_000  # farthest-first costs one pass over all vectors for each
MAX_KNOWN = 300
MAX_CLUSTERS = 64
ITEMS_PER_CLUSTER = 20
CHUNK = 8_192
SEED = 11


def order_by_diversity(vectors: np.ndarray, known: np.ndarray, *, should_stop: Callable[[], bool]) -> np.ndarray:
    """Row numbers of `vectors` [n, d], each next one far from `known` [m, d] and from all before it.

    Farthest-first traversal (Gonzalez 1985; the k-center greedy of Sener and Savarese 2018) for the first thousand;
    the others follow by their distance to the nearest of those.
    """
    count = len(vectors)
    if not count:
        return np.zeros(0, np.int64)
    nearest = np.full(count, np.inf, np.float32)
    for start in _spread(len(known), MAX_KNOWN):
        _stop_if(should_stop)
        np.minimum(nearest, _distances(vectors, known[start]), out=nearest)
    if not len(known):
        nearest = _distances(vectors, np.asarray(vectors[: 4 * CHUNK], np.float32).mean(axis=0))
        nearest = nearest.max() - nearest  # begin in the middle: what is typical is asked first
    picks: list[int] = []
    is_picked = np.zeros(count, bool)
    for place in range(min(count, MAX_PICKS)):
        _stop_if(should_stop)
        best = int(np.argmax(np.where(is_picked, -1.0, nearest)))
        picks.append(best)
        is_picked[best] = True
        away = _distances(vectors, vectors[best])
        nearest = away if place == 0 and not len(known) else np.minimum(nearest, away)
    rest = np.flatnonzero(~is_picked)
    return np.concatenate([np.array(picks, np.int64), rest[np.argsort(-nearest[rest], kind="stable")]])


def order_by_cluster(vectors: np.ndarray, *, should_stop: Callable[[], bool]) -> np.ndarray:
    """Row numbers of `vectors` [n, d]: the largest cluster first, then always the one nearest to the last; in each the
    nearest to its center first."""
    from sklearn.cluster import MiniBatchKMeans

    count = len(vectors)
    if not count:
        return np.zeros(0, np.int64)
    groups = max(1, min(MAX_CLUSTERS, count // ITEMS_PER_CLUSTER))
    means = MiniBatchKMeans(groups, random_state=SEED, n_init=3, batch_size=4_096)
    for start in range(0, count, CHUNK * 4):
        _stop_if(should_stop)
        block = np.asarray(vectors[start : start + CHUNK * 4], np.float32)
        if len(block) >= groups:
            means.partial_fit(block)
    cluster, distance = np.zeros(count, np.int64), np.zeros(count, np.float32)
    for start in range(0, count, CHUNK):
        _stop_if(should_stop)
        away = means.transform(np.asarray(vectors[start : start + CHUNK], np.float32))
        cluster[start : start + CHUNK] = away.argmin(axis=1)
        distance[start : start + CHUNK] = away.min(axis=1)
    turn = _chain(means.cluster_centers_, np.bincount(cluster, minlength=groups))
    return np.lexsort((distance, turn[cluster]))


def _chain(centers: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The turn of each cluster: from the largest on, always to the nearest that had none."""
    turn = np.full(len(centers), -1, np.int64)
    last = int(np.argmax(sizes))
    for place in range(len(centers)):
        turn[last] = place
        away = np.where(turn >= 0, np.inf, ((centers - centers[last]) ** 2).sum(axis=1))
        last = int(np.argmin(away))
    return turn


def _distances(vectors: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Euclidean distance of every row [n, d] to one point [d], in pieces: the rows may be a file."""
    point = np.asarray(point, np.float32)
    away = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), CHUNK):
        difference = np.asarray(vectors[start : start + CHUNK], np.float32) - point
        away[start : start + CHUNK] = np.sqrt(np.einsum("nd,nd->n", difference, difference))
    return away


def _spread(count: int, limit: int) -> list[int]:
    return [int(place) for place in np.linspace(0, count - 1, min(count, limit))] if count else []


def _stop_if(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Canceled
