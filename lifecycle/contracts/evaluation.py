"""What an evaluation is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lifecycle.contracts.training import DatasetFiles


@dataclass(frozen=True)
class EvaluateSpec:
    artifact_dir: str
    dataset: DatasetFiles
    split: str = "test"


@dataclass(frozen=True)
class EvaluateResult:
    """`details` is plain JSON for the charts (numbers only, no pictures), by problem type:

    classification: per_class [{class, precision, recall, f1, support}], confusion {classes, matrix[true][predicted]},
    roc {class: {fpr, tpr, auc}}, precision_recall {class: {precision, recall, average_precision}},
    calibration {edges, confidence, accuracy, counts}. Classes unknown to the model come last in confusion. A number
    that does not exist (a class without items, an empty bin) is null; its curve is an empty list.
    regression: residuals {edges, counts}, scatter {true, predicted, item_id} (≤ 2,000 points, sampled by a fixed seed),
    error_by_quantile [{low, high, mae, bias, count}].
    `items_path` is a Parquet file: item_id int64, truth string, predicted string, confidence float32 (of the predicted
    class; null for regression), loss float32 (log loss, or absolute error), is_correct bool (null for regression).
    """

    metrics: dict[str, float | None]  # every key of the problem type; None where a score does not exist on this split
    details: dict[str, Any]
    items_path: str
    count: int
    latency_ms: dict[str, float] = field(default_factory=dict)  # p50, p95 of one-item predictions
    model_bytes: int = 0
