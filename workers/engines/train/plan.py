"""What a torch recipe prepares for the one training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from workers.engines.train.context import Interface, TrainContext
from workers.engines.train.data import Examples

Inputs = tuple[Tensor, ...]


@dataclass(frozen=True)
class TensorSet:
    """Inputs and targets that agree in their first dimension."""

    inputs: Inputs
    targets: Tensor  # int64 classes [n], or float32 standardized values [n]

    def __len__(self) -> int:
        return len(self.targets)

    def get_batch(self, places: np.ndarray) -> tuple[Inputs, Tensor]:
        """What is at these places, in this order: how the loader's Batches asks for it."""
        chosen = torch.from_numpy(places).to(self.targets.device)
        return tuple(x[chosen] for x in self.inputs), self.targets[chosen]


@dataclass(frozen=True)
class Optimization:
    """How the loop walks: AdamW, linear warm-up, cosine to zero, early stopping."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    label_smoothing: float = 0.0
    warmup_share: float = 0.1


@dataclass(frozen=True)
class TorchPlan:
    """A model, its data as tensors, and the graph that is exported.

    `model` maps `inputs` to logits [n, classes] or standardized values [n]; `to_outputs` maps those to probabilities
    or to values in the target's unit. `graph` takes what the artifact's pre-processing makes and shares the model's
    weights. `augment` changes a training batch at random, drawing from torch's global generator only.
    """

    model: nn.Module
    graph: nn.Module
    interface: Interface
    examples: Examples
    train: TensorSet
    validation: TensorSet
    optimization: Optimization
    to_outputs: Callable[[Tensor], Tensor]
    augment: Callable[[Inputs], Inputs] | None = None
    tolerance: float = 1e-4
    dynamic: dict[str, dict[int, str]] = field(default_factory=dict)  # free dimensions of inputs besides the first
    files: tuple[Path, ...] = ()  # kept in every checkpoint, e.g. the tokenizer
    prepared_share: float = 0.05  # of the progress bar that preparation has used up


def build_optimization(context: TrainContext) -> Optimization:
    """The loop's settings from the parameters that torch recipes share."""
    values = context.parameters
    return Optimization(
        epochs=values["epochs"],
        batch_size=values["batch_size"],
        learning_rate=values["learning_rate"],
        weight_decay=values["weight_decay"],
        patience=values["patience"],
        label_smoothing=values["label_smoothing"],
    )


def softmax_outputs(logits: Tensor) -> Tensor:
    """Probabilities [n, classes]."""
    return torch.softmax(logits.float(), dim=1)


class ProbabilityGraph(nn.Module):
    """The exported form of a classifier: the model, then softmax."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.softmax(self.model(inputs), dim=1)
