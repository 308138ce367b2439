"""One artifact on one split of one dataset version: predict in batches, score, and write down every item."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.evaluation import EvaluateResult, EvaluateSpec
from lifecycle.contracts.problems import ItemKind
from workers.engines.artifact import BadInput, Predictor
from workers.engines.artifact.labelled_items import LabelledItem, is_number, read_labelled
from workers.engines.evaluate.details import describe_classification, describe_regression
from workers.engines.evaluate.scores import Scores, compute_log_losses, compute_scores

BATCH = 64
LATENCY_ITEMS = 100
LATENCY_WARM_UP = 5
ITEM_SCHEMA = pa.schema(
    [
        ("item_id", pa.int64()),
        ("truth", pa.string()),
        ("predicted", pa.string()),
        ("confidence", pa.float32()),
        ("loss", pa.float32()),
        ("is_correct", pa.bool_()),
    ]
)


class EvaluationRefused(ValueError):
    """Nothing can be scored; the message says why and what to do."""


@dataclass(frozen=True)
class Scored:
    """The items that could be predicted, and the model's outputs for them."""

    items: list[LabelledItem]
    outputs: np.ndarray  # probabilities [n, classes] or values [n]


def run(spec: EvaluateSpec, *, workdir: str | Path, report: Report, should_stop: ShouldStop) -> EvaluateResult:
    """Score an artifact; raises EvaluationRefused, BadArtifact or Canceled."""
    report.progress(0.0, "Loading the model")
    predictor = Predictor.load(spec.artifact_dir)
    items = load_items(spec, predictor, report)
    scored = predict_items(predictor, items, report, should_stop)
    report.progress(0.9, "Computing scores")
    folder = Path(workdir)
    folder.mkdir(parents=True, exist_ok=True)
    score = score_classes if predictor.manifest.classes else score_numbers
    metrics, details, columns = score(predictor.manifest.classes, scored)
    path = folder / "items.parquet"
    pq.write_table(pa.table(columns, schema=ITEM_SCHEMA), path, compression="zstd")
    latency = measure_latency(predictor, scored.items)
    report.progress(1.0, "Done")
    return EvaluateResult(
        metrics=metrics,
        details=details,
        items_path=str(path),
        count=len(scored.items),
        latency_ms=latency,
        model_bytes=measure_bytes(Path(spec.artifact_dir), predictor.manifest.files),
    )


def load_items(spec: EvaluateSpec, predictor: Predictor, report: Report) -> list[LabelledItem]:
    """The labelled items of the split; raises EvaluationRefused when there are none."""
    items = read_labelled(spec.dataset, ItemKind(predictor.manifest.item_kind), (spec.split,), report.log)
    if not predictor.manifest.classes:
        items = [item for item in items if is_number(item.label)]
    if not items:
        raise EvaluationRefused(
            f"No labelled items are in the {spec.split} split. Label some items and commit a new version."
        )
    return items


def predict_items(
    predictor: Predictor, items: Sequence[LabelledItem], report: Report, should_stop: ShouldStop
) -> Scored:
    """Outputs for every readable item, in batches; unreadable ones are left out and counted."""
    kept: list[LabelledItem] = []
    answers: list[dict[str, Any]] = []
    for start in range(0, len(items), BATCH):
        if should_stop():
            raise Canceled
        readable, decoded = decode_readable(predictor, items[start : start + BATCH], report)
        kept += readable
        answers += predictor.predict_decoded(decoded)
        report.progress(0.9 * (start + BATCH) / (len(items) + BATCH), "Predicting")
    if not kept:
        raise EvaluationRefused(f"None of the {len(items):,} items can be read by this model. See the log for reasons.")
    return Scored(kept, _stack(answers, predictor.manifest.classes))


def decode_readable(
    predictor: Predictor, items: Sequence[LabelledItem], report: Report
) -> tuple[list[LabelledItem], list[Any]]:
    """The items this model can take, and their decoded values."""
    kept, decoded = [], []
    for item in items:
        try:
            decoded.extend(predictor.decode([load_content(item)]))
            kept.append(item)
        except BadInput as error:
            report.log(f"Left out item {item.item_id}: {error}", "warning")
    return kept, decoded


def load_content(item: LabelledItem) -> Any:
    """What the predictor takes: the bytes of an image's file, or the text or row itself."""
    return item.content.read_bytes() if isinstance(item.content, Path) else item.content


def _stack(answers: Sequence[dict[str, Any]], classes: Sequence[str]) -> np.ndarray:
    if not classes:
        return np.array([answer["value"] for answer in answers], dtype=np.float64)
    return np.array([list(answer["probabilities"].values()) for answer in answers], dtype=np.float64)


def score_classes(classes: Sequence[str], scored: Scored) -> tuple[Scores, dict[str, Any], dict[str, Any]]:
    """Metrics, details and item columns of a classifier; classes unknown to the model come after its own."""
    labels = [item.label for item in scored.items]
    everything = [*classes, *sorted(set(labels) - set(classes))]
    index = {name: k for k, name in enumerate(everything)}
    targets = np.array([index[label] for label in labels], dtype=np.int64)
    known = np.where(targets < len(classes), targets, -1)
    predicted = scored.outputs.argmax(axis=1)
    columns = {
        "item_id": [item.item_id for item in scored.items],
        "truth": labels,
        "predicted": [classes[k] for k in predicted],
        "confidence": scored.outputs.max(axis=1).astype(np.float32),
        "loss": compute_log_losses(known, scored.outputs).astype(np.float32),
        "is_correct": predicted == targets,
    }
    metrics = compute_scores(classes, known, scored.outputs)
    return metrics, describe_classification(everything, targets, scored.outputs), columns


def score_numbers(classes: Sequence[str], scored: Scored) -> tuple[Scores, dict[str, Any], dict[str, Any]]:
    """Metrics, details and item columns of a regressor."""
    targets = np.array([float(item.label) for item in scored.items], dtype=np.float64)
    item_ids = np.array([item.item_id for item in scored.items], dtype=np.int64)
    nothing = [None] * len(targets)
    columns = {
        "item_id": item_ids,
        "truth": [item.label for item in scored.items],
        "predicted": [repr(value) for value in scored.outputs.tolist()],
        "confidence": nothing,
        "loss": np.abs(scored.outputs - targets).astype(np.float32),
        "is_correct": nothing,
    }
    metrics = compute_scores((), targets, scored.outputs)
    return metrics, describe_regression(targets, scored.outputs, item_ids), columns


def measure_latency(predictor: Predictor, items: Sequence[LabelledItem]) -> dict[str, float]:
    """Milliseconds of one-item predictions, pre- and post-processing included."""
    contents = [load_content(item) for item in items[:LATENCY_ITEMS]]
    for content in contents[:LATENCY_WARM_UP]:
        predictor.predict([content])
    times = []
    for content in contents:
        started_at = time.perf_counter()
        predictor.predict([content])
        times.append((time.perf_counter() - started_at) * 1000)
    return {"p50": float(np.percentile(times, 50)), "p95": float(np.percentile(times, 95))}


def measure_bytes(folder: Path, files: Sequence[str]) -> int:
    """Size of everything that is shipped to serve the model."""
    return sum((folder / name).stat().st_size for name in ("manifest.json", *files))
