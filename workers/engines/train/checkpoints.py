"""Checkpoints as safetensors and JSON: written beside, synced, then renamed, so that one is whole or absent."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from workers.engines.train.errors import TrainingRefused

KEPT = 2  # checkpoints left in the work folder; older ones are already stored by whoever got the report
STATE = "state.json"


def write_checkpoint(
    root: Path,
    step: int,
    state: Mapping[str, Any],
    tensors: Mapping[str, Mapping[str, torch.Tensor]],
    files: Iterable[Path] = (),
) -> Path:
    """A complete folder ``root/<step>``: state.json, one ``<name>.safetensors`` each, and copies of `files`."""
    root.mkdir(parents=True, exist_ok=True)
    target, partial = root / str(step), root / f".{step}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name, group in tensors.items():
        plain = {key: value.detach().cpu().contiguous() for key, value in group.items()}
        save_file(plain, partial / f"{name}.safetensors")
    for file in files:
        shutil.copyfile(file, partial / file.name)
    (partial / STATE).write_text(json.dumps(state), encoding="utf-8")
    for file in partial.iterdir():
        _sync(file)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    _sync(root)
    return target


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def drop_old_checkpoints(root: Path, kept: int = KEPT) -> None:
    """Remove all but the newest `kept` checkpoints of a work folder."""
    steps = sorted((int(p.name) for p in root.iterdir() if p.name.isdigit()), reverse=True)
    for step in steps[kept:]:
        shutil.rmtree(root / str(step), ignore_errors=True)


def read_state(folder: Path, fingerprint: str) -> dict[str, Any]:
    """The checkpoint's state.json; raises TrainingRefused when it belongs to another training or is damaged."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingRefused(f"The checkpoint cannot be read ({error}). Start this run afresh.") from error
    if state.get("fingerprint") != fingerprint:
        raise TrainingRefused("The checkpoint is of a run with other parameters or data. Start this run afresh.")
    return state


def read_tensors(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """One group of tensors of a checkpoint, on the CPU."""
    return load_file(folder / f"{name}.safetensors")


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """An optimizer's per-parameter state as ``<index>.<key>`` tensors."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{key}": value if isinstance(value, torch.Tensor) else torch.tensor(value)
        for index, values in state.items()
        for key, value in values.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put back what `flatten_optimizer` took."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
