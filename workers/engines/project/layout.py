"""Positions on a plane: PCA at once, UMAP and t-SNE for neighborhoods; the same seed gives the same map."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from lifecycle.contracts.embeddings import MapMethod, MapSpec
from lifecycle.contracts.engine import Canceled, Report, ShouldStop

REDUCED = 50  # dimensions UMAP works in: the rest is mostly noise, and costs time
SMALLEST = 10  # points below which there are no neighborhoods to keep
PERPLEXITY = 30  # of t-SNE: how many neighbors a point has, more or less
PLACED_BY = 5  # fitted neighbors that say where another point goes
CHUNK = 10_000


def lay_out(vectors: np.ndarray, spec: MapSpec, report: Report, should_stop: ShouldStop) -> tuple[np.ndarray, int]:
    """(float32 [n, 2] centered, about -1..1; how many points the layout was fitted on)."""
    count = len(vectors)
    if count < 3:
        return np.array([[place, 0.0] for place in range(count)], dtype=np.float32).reshape(count, 2), count
    reduced = reduce_dimensions(vectors, spec.seed)
    if spec.method == MapMethod.PCA or count < SMALLEST:
        return normalize(reduced[:, :2]), count
    is_tsne = spec.method == MapMethod.TSNE
    chosen = choose_fitted(count, spec.fitted_by_tsne if is_tsne else spec.fitted_on, spec.seed)
    if is_tsne:
        report.progress(0.1, f"t-SNE on {len(chosen):,} items")
        fitted = fit_tsne(reduced[chosen], spec)
    else:
        report.progress(0.1, f"UMAP on {len(chosen):,} items: the first minute goes into compiling it")
        fitted = fit_umap(reduced[chosen], spec)
    if should_stop():
        raise Canceled
    positions = np.empty((count, 2), dtype=np.float32)
    positions[chosen] = fitted
    rest = np.setdiff1d(np.arange(count), chosen, assume_unique=True)
    for start in range(0, len(rest), CHUNK):
        if should_stop():
            raise Canceled
        places = rest[start : start + CHUNK]
        positions[places] = place_between(reduced[places], reduced[chosen], fitted)
        report.progress(0.7 + 0.2 * start / max(len(rest), 1), f"Placed {start + len(chosen):,} of {count:,} items")
    return normalize(positions), len(chosen)


def reduce_dimensions(vectors: np.ndarray, seed: int) -> np.ndarray:
    """float32 [n, ≤ 50], the first principal components; at least two columns."""
    dimensions = min(REDUCED, *vectors.shape)
    pca = PCA(dimensions, svd_solver="randomized" if min(vectors.shape) > 2 * REDUCED else "full", random_state=seed)
    reduced = pca.fit_transform(vectors.astype(np.float32))
    if reduced.shape[1] < 2:
        reduced = np.concatenate([reduced, np.zeros((len(reduced), 2 - reduced.shape[1]))], axis=1)
    return np.ascontiguousarray(reduced, dtype=np.float32)


def choose_fitted(count: int, most: int, seed: int) -> np.ndarray:
    """Sorted places of the points the layout is fitted on."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def fit_umap(vectors: np.ndarray, spec: MapSpec) -> np.ndarray:
    """McInnes, Healy & Melville 2018; a fixed seed makes it use one thread and repeat itself."""
    import umap  # 8 s: numba

    layout = umap.UMAP(
        n_neighbors=min(spec.neighbors, len(vectors) - 1),
        min_dist=spec.min_distance,
        init="pca",  # spectral starts take long, and fail on what falls apart
        random_state=spec.seed,
        low_memory=True,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return layout.fit_transform(vectors).astype(np.float32)


def fit_tsne(vectors: np.ndarray, spec: MapSpec) -> np.ndarray:
    """van der Maaten & Hinton 2008, by Barnes and Hut's tree; it starts from PCA, so that far crowds keep their
    places (Kobak & Berens 2019)."""
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    layout = TSNE(2, perplexity=perplexity, init="pca", learning_rate="auto", random_state=spec.seed, n_jobs=1)
    return layout.fit_transform(vectors).astype(np.float32)


def place_between(vectors: np.ndarray, known: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Each vector at the mean of its nearest known ones' positions, nearer ones counting more.

    UMAP's own transform took twenty times as long here and moves points hardly further.
    """
    search = NearestNeighbors(n_neighbors=min(PLACED_BY, len(known)), algorithm="brute").fit(known)
    distances, places = search.kneighbors(vectors)
    weights = 1.0 / (distances + 1e-6)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("nk,nkd->nd", weights, positions[places]).astype(np.float32)


def normalize(positions: np.ndarray) -> np.ndarray:
    """Centered, with one scale for both axes, so that nearly everything lies between -1 and 1."""
    low, high = np.percentile(positions, [0.5, 99.5], axis=0)
    half = max(float((high - low).max()) / 2, 1e-9)
    return ((positions - (low + high) / 2) / half).astype(np.float32)
