"""Cost of the product's training loop around a bare PyTorch loop on the same models, data and optimizer.

Prints one JSON line a model. A ratio of 1.02 means 2 % more time a step than bare. Both loops shuffle every epoch,
follow the same learning rates and use the same fused AdamW. Runs are interleaved, so that noise hits both alike, and
timed in CPU seconds of their one thread, so that other processes count little.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lifecycle.contracts.manifest import TensorSpec
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.training import DatasetFiles, TrainSpec
from workers.engines.train.context import Interface, TrainContext
from workers.engines.train.data import Examples, Split
from workers.engines.train.loop import Loop
from workers.engines.train.plan import Optimization, TensorSet, TorchPlan, softmax_outputs

BATCH, CLASSES, RATE, DECAY = 64, 10, 1e-3, 0.01
VALIDATION = 512


class Silence:
    """A report that keeps nothing."""

    def progress(self, fraction: float, message: str = "") -> None: ...

    def log(self, message: str, level: str = "info") -> None: ...

    def metrics(self, step: int, values: dict[str, float]) -> None: ...

    def checkpoint(self, path: str, step: int) -> None: ...


def build_mlp() -> nn.Module:
    """About 0.2 ms a step: overhead shows."""
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, CLASSES))


def build_cnn() -> nn.Module:
    """A small network on 32×32 images, as people train here."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 8 * 8, CLASSES),
    )


def time_bare(build: Callable[[], nn.Module], x: Tensor, y: Tensor) -> float:
    """Seconds for one epoch of a plain loop."""
    torch.manual_seed(0)
    model = build().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    total = math.ceil(len(x) / BATCH)
    started_at = time.process_time()
    order = torch.randperm(len(x))
    for i in range(total):
        chosen = order[i * BATCH : (i + 1) * BATCH]
        optimizer.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * i / total))
        loss = nn.functional.cross_entropy(model(x[chosen]), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.process_time() - started_at


def time_product(build: Callable[[], nn.Module], x: Tensor, y: Tensor, folder: Path) -> float:
    """Seconds for one epoch of the product's loop: metrics, cancel checks and timed checkpoints switched on.

    What ends an epoch (evaluation, a checkpoint) is work the bare loop does not do at all, and is left out.
    """
    torch.manual_seed(0)
    loop = build_loop(build(), x, y, folder)
    loop.clock.start()
    loop.model.train()
    started_at = time.process_time()
    for inputs, targets in loop.iterate_batches():
        loop.step(inputs, targets)
    loop.report_losses()
    return time.process_time() - started_at


def build_loop(model: nn.Module, x: Tensor, y: Tensor, folder: Path) -> Loop:
    """The product's loop around ready tensors."""
    classes = tuple(str(k) for k in range(CLASSES))
    problem = get_problem_type("image_classification")
    nothing = Split([], np.zeros(0, dtype=np.int64))
    examples = Examples(problem.item_kind, classes, nothing, nothing)
    plan = TorchPlan(
        model=model,
        graph=model,
        interface=Interface((TensorSpec("x", "FP32", (-1,)),), (), (), ()),
        examples=examples,
        train=TensorSet((x,), y),
        validation=TensorSet((x[:VALIDATION],), y[:VALIDATION]),
        optimization=Optimization(1, BATCH, RATE, DECAY, patience=0),
        to_outputs=softmax_outputs,
    )
    context = TrainContext(
        spec=TrainSpec(problem.key, "bench", {}, 0, DatasetFiles("", ""), "accuracy", device="cpu"),
        parameters={},
        problem=problem,
        metric=problem.metrics[0],
        examples=examples,
        workdir=folder,
        report=Silence(),
        should_stop=lambda: False,
        checkpoint_seconds=10.0,
        fingerprint="",
    )
    return Loop(plan, context)


def compare(build: Callable[[], nn.Module], x: Tensor, y: Tensor, rounds: int) -> dict[str, float]:
    """Median step times of both loops, and the median of the ratios of neighboring runs; CPU time of the one thread."""
    with tempfile.TemporaryDirectory() as name:
        time_bare(build, x[: BATCH * 8], y[: BATCH * 8])
        time_product(build, x[: BATCH * 8], y[: BATCH * 8], Path(name))
        pairs = [(time_bare(build, x, y), time_product(build, x, y, Path(name))) for _ in range(rounds)]
    steps = math.ceil(len(x) / BATCH)
    return {
        "steps": steps,
        "bare_us_per_step": round(statistics.median(b for b, _ in pairs) / steps * 1e6, 1),
        "product_us_per_step": round(statistics.median(p for _, p in pairs) / steps * 1e6, 1),
        "ratio": round(statistics.median(p / b for b, p in pairs), 4),
    }


def main(rounds: int = 9) -> None:
    """One JSON line a model."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    labels = torch.randint(0, CLASSES, (60_000,))
    cases = {
        "perceptron": (build_mlp, torch.randn(60_000, 64)),
        "convolutions": (build_cnn, torch.randn(10_000, 1, 32, 32)),
    }
    for name, (build, x) in cases.items():
        print(
            json.dumps({"model": name, "batch": BATCH, **compare(build, x, labels[: len(x)], rounds), "target": 1.02})
        )


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:2]))
