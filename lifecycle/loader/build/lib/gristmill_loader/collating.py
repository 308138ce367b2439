"""Batches of whatever `torch(split)` gives: what fits is stacked, what differs from item to item stays a list."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch


def collate(pairs: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
    """(inputs, targets), for DataLoader's `collate_fn`: tensors of one shape are stacked, boxes and spans stay a list
    of dicts, rows become a dict of columns (numbers as float64 with NaN where a cell is empty)."""
    inputs, targets = zip(*pairs, strict=True)
    return collate_inputs(inputs), collate_targets(targets)


def collate_inputs(inputs: Sequence[Any]) -> Any:
    """One batch of inputs."""
    if isinstance(inputs[0], dict):
        names = list(dict.fromkeys(name for one in inputs for name in one))
        return {name: _collate_cells([one.get(name) for one in inputs]) for name in names}
    return _stack(inputs)


def collate_targets(targets: Sequence[Any]) -> Any:
    """One batch of targets."""
    if isinstance(targets[0], int | float):
        return torch.tensor(targets, dtype=torch.int64 if isinstance(targets[0], int) else torch.float64)
    return _stack(targets)


def _collate_cells(cells: list[Any]) -> Any:
    known = [cell for cell in cells if cell is not None]
    if known and all(isinstance(cell, Real) and not isinstance(cell, bool) for cell in known):
        return torch.tensor([float("nan") if cell is None else cell for cell in cells], dtype=torch.float64)
    return _stack(cells)


def _stack(values: Sequence[Any]) -> Any:
    if all(isinstance(one, torch.Tensor) and one.shape == values[0].shape for one in values):
        return torch.stack(list(values))
    return list(values)
