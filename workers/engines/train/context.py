"""What every recipe is handed, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.manifest import TensorSpec
from lifecycle.contracts.problems import MetricDefinition, ProblemType
from lifecycle.contracts.training import TrainSpec
from workers.engines.train.data import Examples

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class TrainContext:
    """One training: its spec, its typed parameters, its data, and where to report and write."""

    spec: TrainSpec
    parameters: dict[str, Any]
    problem: ProblemType
    metric: MetricDefinition  # the one early stopping watches
    examples: Examples
    workdir: Path
    report: Report
    should_stop: ShouldStop
    checkpoint_seconds: float
    fingerprint: str  # what a checkpoint must carry to be continued from

    @property
    def artifact_dir(self) -> Path:
        """Where the recipe puts the artifact's extra files, and `run` the rest."""
        return self.workdir / "artifact"

    def log(self, message: str, level: str = "info") -> None:
        """One line for the live log."""
        self.report.log(message, level)


@dataclass(frozen=True)
class Interface:
    """The parts of a manifest that only the recipe knows."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    preprocess: tuple[dict[str, Any], ...]
    postprocess: tuple[dict[str, Any], ...]
    files: tuple[str, ...] = ()  # besides model.onnx
    features: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Fitted:
    """A trained model, ready to become an artifact."""

    interface: Interface
    examples: Examples  # those really used
    write_graph: Callable[[Path, Arrays], None]  # (file, example inputs): writes the ONNX file
    run_original: Callable[[Arrays], Arrays]  # the framework's own answer, which the ONNX file must repeat
    validation_outputs: np.ndarray  # probabilities [n, classes] or values [n]
    steps: int
    epochs: int
    stopped: str
    device: str = "cpu"
    tolerance: float = 1e-4  # of probabilities; for values in units of the target's standard deviation
    notes: Mapping[str, Any] = field(default_factory=dict)


def classification_outputs(classes: int) -> tuple[tuple[TensorSpec, ...], tuple[dict[str, Any], ...]]:
    """The `outputs` and `postprocess` of every classifier."""
    return (TensorSpec("probabilities", "FP32", (-1, classes)),), ({"op": "classify", "output": "probabilities"},)


def regression_outputs() -> tuple[tuple[TensorSpec, ...], tuple[dict[str, Any], ...]]:
    """The `outputs` and `postprocess` of every regressor."""
    return (TensorSpec("value", "FP32", (-1, 1)),), ({"op": "number", "output": "value"},)


def describe_outputs(examples: Examples) -> tuple[tuple[TensorSpec, ...], tuple[dict[str, Any], ...]]:
    """The `outputs` and `postprocess` that fit these examples."""
    return classification_outputs(len(examples.classes)) if examples.classes else regression_outputs()
