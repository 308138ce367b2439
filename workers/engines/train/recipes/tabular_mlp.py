"""A neural network for tables, on the columns that the artifact's row encoder makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lifecycle.contracts.manifest import TensorSpec
from workers.engines.artifact.rows import encode_rows, list_columns
from workers.engines.train.context import Fitted, Interface, TrainContext, describe_outputs
from workers.engines.train.data import Examples, Split
from workers.engines.train.features import fit_features
from workers.engines.train.loop import fit_torch
from workers.engines.train.models.tabular_mlp import TabularMlp, ValueGraph
from workers.engines.train.plan import ProbabilityGraph, TensorSet, TorchPlan, build_optimization, softmax_outputs

KEY = "tabular_mlp"
INPUT = "features"


def fit(context: TrainContext) -> Fitted:
    """Train the network on encoded rows."""
    return fit_torch(build_plan(context), context)


def build_plan(context: TrainContext) -> TorchPlan:
    """Encoded rows of both splits, the network, and its exported form."""
    examples = context.examples
    context.report.progress(0.02, "Reading the columns")
    features = fit_features(examples, "indexed", context.log)
    rows = {name: encode_rows(split.items, features) for name, split in _list_splits(examples)}
    model = build_model(context, features, rows["train"])
    mean, deviation = measure_target(examples)
    outputs, postprocess = describe_outputs(examples)
    return TorchPlan(
        model=model if examples.classes else FlatOutput(model),
        graph=ProbabilityGraph(model) if examples.classes else ValueGraph(model, mean, deviation),
        interface=Interface(
            inputs=(TensorSpec(INPUT, "FP32", (-1, rows["train"].shape[1])),),
            outputs=outputs,
            preprocess=({"op": "encode_row", "name": INPUT},),
            postprocess=postprocess,
            features=features,
        ),
        examples=examples,
        train=build_set(rows["train"], examples.train, examples, mean, deviation),
        validation=build_set(rows["validation"], examples.validation, examples, mean, deviation),
        optimization=build_optimization(context),
        to_outputs=softmax_outputs if examples.classes else build_rescaling(mean, deviation),
    )


class FlatOutput(nn.Module):
    """The network's single output as [n], the shape of the targets."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, rows: Tensor) -> Tensor:
        return self.model(rows).squeeze(1)


def _list_splits(examples: Examples) -> list[tuple[str, Split]]:
    return [("train", examples.train), ("validation", examples.validation)]


def build_model(context: TrainContext, features: tuple[dict[str, Any], ...], train: np.ndarray) -> TabularMlp:
    """The network with the numbers' means and deviations measured on the training rows."""
    values = context.parameters
    columns = list_columns(features)
    positions = {name: i for i, name in enumerate(columns)}
    categories = [(positions[f["name"]], len(f["categories"]) + 2) for f in features if f["kind"] == "category"]
    taken = {position for position, _ in categories}
    numbers = [i for i in range(len(columns)) if i not in taken]
    return TabularMlp(
        numbers,
        categories,
        measure_columns(train[:, numbers]),
        context.examples.outputs,
        hidden=values["hidden_size"],
        layers=values["layers"],
        dropout=values["dropout"],
        category_dropout=values["category_dropout"],
    )


def measure_columns(numbers: np.ndarray) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation by column, gaps left out; a constant column has the deviation one."""
    wide = numbers.astype(np.float64)
    mean, deviation = np.nanmean(wide, axis=0), np.nanstd(wide, axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return torch.tensor(mean, dtype=torch.float32), torch.tensor(deviation, dtype=torch.float32)


def measure_target(examples: Examples) -> tuple[float, float]:
    """Mean and standard deviation of the training target; (0, 1) for classes."""
    if examples.classes:
        return 0.0, 1.0
    return float(examples.train.targets.mean()), float(examples.train.targets.std())


def build_set(rows: np.ndarray, split: Split, examples: Examples, mean: float, deviation: float) -> TensorSet:
    """One split as tensors, numeric targets standardized."""
    targets = split.targets if examples.classes else ((split.targets - mean) / deviation).astype(np.float32)
    return TensorSet((torch.from_numpy(rows),), torch.from_numpy(targets))


def build_rescaling(mean: float, deviation: float) -> Callable[[Tensor], Tensor]:
    """Standardized values → the target's own unit."""
    return lambda raw: raw * deviation + mean
