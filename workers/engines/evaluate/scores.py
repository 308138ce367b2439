"""The scores of `lifecycle.contracts`, by scikit-learn; a score that does not exist on this data is None, never NaN."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
from sklearn import metrics as skm

from lifecycle.contracts.problems import MetricDefinition

Scores = dict[str, float | None]
CALIBRATION_BINS = 15
SMALLEST_PROBABILITY = 1e-7  # of a true class, so that one confident mistake does not make the mean infinite
QUICK = ("accuracy", "r2", "rmse")


def compute_scores(classes: Sequence[str], targets: np.ndarray, outputs: np.ndarray) -> Scores:
    """All scores of a problem type: outputs are probabilities [n, classes], or values [n] where `classes` is empty.

    A target of -1 is a class the model does not know: always wrong.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns about absent classes; here they are None
        return compute_classification(targets, outputs) if classes else compute_regression(targets, outputs)


def compute_quick_scores(
    classes: Sequence[str], targets: np.ndarray, outputs: np.ndarray, metric: MetricDefinition
) -> dict[str, float]:
    """The scores worth a point on a curve after each epoch: accuracy, or R² and RMSE, and the target metric."""
    if classes:
        quick: Scores = {"accuracy": float(skm.accuracy_score(targets, outputs.argmax(axis=1)))}
    else:
        quick = {"r2": compute_r2(targets, outputs), "rmse": float(skm.root_mean_squared_error(targets, outputs))}
    if metric.key not in quick and metric.key != "log_loss":
        quick[metric.key] = compute_scores(classes, targets, outputs).get(metric.key)
    return {key: value for key, value in quick.items() if value is not None}


def compute_classification(targets: np.ndarray, probabilities: np.ndarray) -> Scores:
    """Scores of probabilities [n, classes] against class indices [n]."""
    predicted = probabilities.argmax(axis=1)
    present = np.unique(np.concatenate([targets, predicted]))
    return {
        "accuracy": finite(skm.accuracy_score(targets, predicted)),
        "macro_f1": finite(skm.f1_score(targets, predicted, labels=present, average="macro", zero_division=0)),
        "balanced_accuracy": finite(skm.balanced_accuracy_score(targets, predicted)),
        "roc_auc": compute_mean_auc(targets, probabilities),
        "log_loss": finite(compute_log_losses(targets, probabilities).mean()),
        "expected_calibration_error": compute_calibration_error(targets, probabilities),
    }


def compute_mean_auc(targets: np.ndarray, probabilities: np.ndarray) -> float | None:
    """One-vs-rest area under the ROC curve, mean over the classes that have items on both sides."""
    areas = []
    for k in range(probabilities.shape[1]):
        truth = targets == k
        if truth.any() and not truth.all():
            areas.append(skm.roc_auc_score(truth, probabilities[:, k]))
    return finite(np.mean(areas)) if areas else None


def compute_log_losses(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Negative log-probability of the true class by item, in nats; the floor for a class unknown to the model."""
    known = targets >= 0
    chosen = np.zeros(len(targets), dtype=np.float64)
    chosen[known] = probabilities[known, targets[known]]
    return -np.log(np.clip(chosen, SMALLEST_PROBABILITY, 1.0))


def bin_confidences(targets: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, summed confidences and correct answers in 15 equal-width bins of confidence."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_correct = probabilities.argmax(axis=1) == targets
    bins = np.clip((confidence * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    confidences = np.bincount(bins, weights=confidence, minlength=CALIBRATION_BINS)
    return counts, confidences, np.bincount(bins, weights=is_correct, minlength=CALIBRATION_BINS)


def compute_calibration_error(targets: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Expected calibration error (Guo et al. 2017, section 2)."""
    counts, confidences, correct = bin_confidences(targets, probabilities)
    return finite(np.abs(confidences - correct).sum() / counts.sum()) if counts.sum() else None


def compute_regression(targets: np.ndarray, values: np.ndarray) -> Scores:
    """Scores of values [n] against numbers [n]."""
    nonzero = targets != 0
    relative = skm.mean_absolute_percentage_error(targets[nonzero], values[nonzero]) if nonzero.any() else None
    return {
        "r2": compute_r2(targets, values),
        "rmse": finite(skm.root_mean_squared_error(targets, values)),
        "mae": finite(skm.mean_absolute_error(targets, values)),
        "median_absolute_error": finite(skm.median_absolute_error(targets, values)),
        "mape": finite(relative),
    }


def compute_r2(targets: np.ndarray, values: np.ndarray) -> float | None:
    """Share of the variance explained; None where there is no variance to explain."""
    if len(targets) < 2 or np.ptp(targets) == 0:
        return None
    return finite(skm.r2_score(targets, values))


def finite(value: float | None) -> float | None:
    """A plain float, or None for what JSON cannot say."""
    return float(value) if value is not None and math.isfinite(value) else None
