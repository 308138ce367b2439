"""What is fitted to one part of the items, to say something of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

FOLDS = 5
TREES = 60


def build_classifier(features: Any, seed: int) -> Any:
    if isinstance(features, pd.DataFrame):
        from lightgbm import LGBMClassifier

        return LGBMClassifier(
            n_estimators=TREES, learning_rate=0.1, num_leaves=15, min_child_samples=10, verbose=-1, random_state=seed
        )
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if isinstance(features, np.ndarray):
        return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    return LogisticRegression(C=5.0, max_iter=100)


def take(features: Any, places: np.ndarray) -> Any:
    """The rows at `places`, of a matrix or a frame."""
    return features.iloc[places] if isinstance(features, pd.DataFrame) else features[places]
