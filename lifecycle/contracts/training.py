"""What a training is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class DatasetFiles:
    """A dataset version on local disk.

    `manifest_path` is a Parquet file, one row an item, with columns: item_id int64, content_hash string (hex sha256),
    split string (train | validation | test), label string (class name, or the number as text; null when unlabelled),
    blob string (hex sha256 of the file; images only), text string (texts only), row string (JSON object; rows only),
    group string (null when none). `blob_dir` holds files at ``aa/<sha256>`` (the first byte of the hash).
    """

    manifest_path: str
    blob_dir: str
    classes: tuple[str, ...] = ()  # in the label schema's order; empty for regression


@dataclass(frozen=True)
class TrainSpec:
    problem_type: str
    recipe: str
    parameters: dict[str, Any]
    seed: int
    dataset: DatasetFiles
    target_metric: str
    weights_dir: str = ""  # folder with the unpacked pretrained packages
    resume_from: str = ""  # folder of the last checkpoint of this same run; empty for a fresh start
    device: str = "auto"


@dataclass(frozen=True)
class TrainResult:
    """`artifact_dir` holds manifest.json, model.onnx and what the manifest names; see `contracts.manifest`."""

    artifact_dir: str
    metrics: dict[str, float]  # on the validation split, keys of the problem type's metrics
    stopped: str  # completed | early_stopped
    steps: int
    epochs: int
    environment: dict[str, Any] = field(default_factory=dict)  # library versions, hardware, torch threads, device
    seconds: float = 0.0
