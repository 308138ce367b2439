"""What the charts of an evaluation are drawn from: plain JSON, curves thinned, no pictures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics as skm

from workers.engines.evaluate.scores import CALIBRATION_BINS, bin_confidences, finite

CURVE_POINTS = 200
CURVE_BUDGET = 20_000  # points of all classes' curves of one kind together, so that 1,000 classes stay readable
SMALLEST_CURVE = 20
SCATTER_POINTS = 2000
RESIDUAL_BINS = 40
ERROR_QUANTILES = 10


def describe_classification(classes: Sequence[str], targets: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Details over `classes`: `targets` are their indices; `probabilities` may have fewer columns (unknown classes)."""
    predicted = probabilities.argmax(axis=1)
    columns = np.zeros((len(targets), len(classes)))
    columns[:, : probabilities.shape[1]] = probabilities
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "per_class": _describe_classes(classes, targets, predicted),
            "confusion": {
                "classes": list(classes),
                "matrix": skm.confusion_matrix(targets, predicted, labels=range(len(classes))).tolist(),
            },
            **_describe_curves(classes, targets, columns),
            "calibration": _describe_calibration(targets, probabilities),
        }


def _describe_classes(classes: Sequence[str], targets: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
    """Precision is null for a class never answered, recall for a class without items."""
    table = skm.precision_recall_fscore_support(targets, predicted, labels=range(len(classes)), zero_division=np.nan)
    rows = zip(classes, *(column.tolist() for column in table), strict=True)
    return [
        {
            "class": name,
            "precision": finite(precision),
            "recall": finite(recall),
            "f1": finite(f1) if support else None,
            "support": int(support),
        }
        for name, precision, recall, f1, support in rows
    ]


def _describe_curves(classes: Sequence[str], targets: np.ndarray, columns: np.ndarray) -> dict[str, Any]:
    points = max(SMALLEST_CURVE, min(CURVE_POINTS, CURVE_BUDGET // len(classes)))
    roc: dict[str, Any] = {}
    precision_recall: dict[str, Any] = {}
    for k, name in enumerate(classes):
        truth = targets == k
        if not truth.any() or truth.all():
            roc[name] = {"fpr": [], "tpr": [], "auc": None}
            precision_recall[name] = {"precision": [], "recall": [], "average_precision": None}
            continue
        fpr, tpr, _ = skm.roc_curve(truth, columns[:, k])
        precision, recall, _ = skm.precision_recall_curve(truth, columns[:, k])
        roc[name] = {**thin({"fpr": fpr, "tpr": tpr}, points), "auc": finite(skm.auc(fpr, tpr))}
        precision_recall[name] = {
            **thin({"precision": precision, "recall": recall}, points),
            "average_precision": finite(-np.sum(np.diff(recall) * precision[:-1])),  # scikit-learn's definition of it
        }
    return {"roc": roc, "precision_recall": precision_recall}


def thin(curve: dict[str, np.ndarray], points: int) -> dict[str, list[float]]:
    """At most `points` of a curve's points, its ends kept."""
    length = len(next(iter(curve.values())))
    chosen = np.unique(np.linspace(0, length - 1, min(points, length)).round().astype(int))
    return {name: [round(float(v), 6) for v in values[chosen]] for name, values in curve.items()}


def _describe_calibration(targets: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    counts, confidences, correct = bin_confidences(targets, probabilities)
    filled = np.maximum(counts, 1)
    return {
        "edges": [i / CALIBRATION_BINS for i in range(CALIBRATION_BINS + 1)],
        "confidence": [float(v) if n else None for v, n in zip(confidences / filled, counts, strict=True)],
        "accuracy": [float(v) if n else None for v, n in zip(correct / filled, counts, strict=True)],
        "counts": counts.tolist(),
    }


def describe_regression(targets: np.ndarray, values: np.ndarray, item_ids: np.ndarray) -> dict[str, Any]:
    """Residuals are predicted minus true."""
    residuals = values - targets
    counts, edges = np.histogram(residuals, bins=RESIDUAL_BINS)
    points = min(len(targets), SCATTER_POINTS)
    chosen = np.sort(np.random.default_rng(0).choice(len(targets), points, replace=False))
    return {
        "residuals": {"edges": edges.tolist(), "counts": counts.tolist()},
        "scatter": {
            "true": targets[chosen].tolist(),
            "predicted": values[chosen].tolist(),
            "item_id": item_ids[chosen].tolist(),
        },
        "error_by_quantile": _describe_quantiles(targets, residuals),
    }


def _describe_quantiles(targets: np.ndarray, residuals: np.ndarray) -> list[dict[str, Any]]:
    """Error in tenths of the true value; equal values stay in one bin, so there may be fewer bins."""
    edges = np.unique(np.quantile(targets, np.linspace(0, 1, ERROR_QUANTILES + 1)))
    bins = np.clip(np.searchsorted(edges, targets, side="right") - 1, 0, max(len(edges) - 2, 0))
    described = []
    for k in np.unique(bins):
        inside = residuals[bins == k]
        described.append(
            {
                "low": float(edges[k]),
                "high": float(edges[min(k + 1, len(edges) - 1)]),
                "mae": float(np.abs(inside).mean()),
                "bias": float(inside.mean()),
                "count": int(len(inside)),
            }
        )
    return described
