"""What the frozen part of a pretrained model says about each item, computed once and kept in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lifecycle.contracts.engine import Canceled
from workers.engines.train.context import TrainContext


def compute_features(
    context: TrainContext,
    name: str,
    count: int,
    shape: tuple[int, ...],
    chunk: int,
    compute: Callable[[int, int], np.ndarray],
    report: Callable[[float], None],
) -> Tensor:
    """float32 [count, *shape], memory-mapped: `compute(start, stop)` is asked for each chunk of items once.

    What a killed attempt left in the work folder is continued, not repeated. `report` is told the share done.
    """
    folder = context.workdir / "cache"
    folder.mkdir(exist_ok=True)
    state_path, path = folder / f"{name}.json", folder / f"{name}.f32"
    told = {"fingerprint": context.fingerprint, "count": count, "shape": list(shape)}
    done = _read_done(state_path, path, told)
    rows = np.memmap(path, dtype=np.float32, mode="r+" if done else "w+", shape=(max(count, 1), *shape))
    for start in range(done, count, chunk):
        if context.should_stop():
            raise Canceled
        stop = min(start + chunk, count)
        rows[start:stop] = compute(start, stop)
        rows.flush()
        state_path.write_text(json.dumps({**told, "done": stop}), encoding="utf-8")
        report(stop / count)
    return torch.from_numpy(rows)[:count]


def _read_done(state_path: Path, path: Path, told: dict[str, object]) -> int:
    """How many items an earlier attempt at the same work has finished."""
    try:
        state = json.loads(state_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    done = state.pop("done", 0)
    return int(done) if state == told and path.exists() else 0
