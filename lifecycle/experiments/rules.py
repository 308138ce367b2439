"""Pure rules of training: which version can be learned from, how runs are compared, which score is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_COMPARED_RUNS = 8
KEPT_CHECKPOINTS = 2
MAX_METRIC_KEY_LENGTH = 120
DEFAULT_EXPERIMENT = "General"
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class ParameterRow:
    """One parameter over several runs; None where a run's recipe has no such parameter."""

    name: str
    values: tuple[Any, ...]
    differs: bool


@dataclass(frozen=True)
class MetricRow:
    """One score over several runs; `best` holds the positions of the best value (several on a tie)."""

    key: str
    title: str
    values: tuple[float | None, ...]
    best: frozenset[int]


def explain_untrainable(
    *, version: str, labeled_count: int, train_balance: Mapping[str, int] | None, needs_classes: bool
) -> str:
    """Why nothing can be learned from a dataset version, as a sentence; empty when something can.

    `train_balance` is {label: items} of the train split, None when it is not known.
    """
    if labeled_count == 0:
        return (
            f"Version {version} has no labels, so there is nothing to learn from. "
            "Label some items or import labels, commit a new version, and train on that one."
        )
    if train_balance is None:
        return ""
    present = [label for label, count in train_balance.items() if count and label]
    if not present:
        return (
            f"No labeled item of version {version} is in its train split. "
            "Label more items, or change the split ratios, and commit a new version."
        )
    if needs_classes and len(present) < 2:
        return (
            f"All training items of version {version} are labeled “{present[0]}”. "
            "A classifier needs at least two classes: label items of another class and commit a new version."
        )
    return ""


def compare_parameters(runs: Sequence[Mapping[str, Any]]) -> list[ParameterRow]:
    """Every parameter that any of the runs has, in the order they are first met."""
    names = list(dict.fromkeys(name for parameters in runs for name in parameters))
    rows = []
    for name in names:
        values = tuple(parameters.get(name) for parameters in runs)
        rows.append(ParameterRow(name, values, any(value != values[0] for value in values)))
    return rows


def find_best(values: Sequence[float | None], *, higher_is_better: bool) -> frozenset[int]:
    """Positions of the best finite value; empty when fewer than two runs can be compared."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < 2:
        return frozenset()
    best = max(known) if higher_is_better else min(known)
    return frozenset(i for i, value in enumerate(values) if value == best)


def measure_gain(value: float | None, reference: float | None, *, higher_is_better: bool) -> float | None:
    """How much better than the reference, in the metric's unit; positive is better; None when either is unknown."""
    if value is None or reference is None:
        return None
    return value - reference if higher_is_better else reference - value
