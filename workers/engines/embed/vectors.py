"""What every encoder does with its raw vectors: shorten long ones by a fixed projection, give all the same length."""

from __future__ import annotations

from functools import cache

import numpy as np

from lifecycle.contracts.embeddings import MAX_DIMENSION, PROJECTED_DIMENSION, PROJECTION_SEED


def choose_dimension(width: int) -> int:
    """The dimension that raw vectors of this width are stored with."""
    return width if width <= MAX_DIMENSION else PROJECTED_DIMENSION


@cache
def build_projection(width: int, dimension: int) -> np.ndarray:
    """float32 [width, dimension] with orthonormal columns, the same on every machine.

    A random subspace keeps distances (Johnson & Lindenstrauss 1984) and, unlike PCA, does not change with the data;
    the QR decomposition with a positive diagonal is unique, so that it does not depend on LAPACK.
    """
    random = np.random.default_rng(PROJECTION_SEED).normal(size=(width, dimension))
    basis, triangle = np.linalg.qr(random)
    return (basis * np.sign(np.diag(triangle))).astype(np.float32)


def finish_vectors(raw: np.ndarray, *, is_direction: bool) -> np.ndarray:
    """float32 [n, dimension] of raw [n, width]; directions get unit length, so that L2 orders them as the cosine."""
    vectors = raw.astype(np.float32, copy=False)
    dimension = choose_dimension(vectors.shape[1])
    if dimension != vectors.shape[1]:
        vectors = vectors @ build_projection(vectors.shape[1], dimension)
    if is_direction:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / np.maximum(lengths, 1e-12)
    return np.nan_to_num(vectors, nan=0.0, posinf=0.0, neginf=0.0)
