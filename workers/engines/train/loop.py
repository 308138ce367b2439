"""The one training loop of every torch recipe: fit → epoch → step → evaluate, on Lightning Fabric.

What it draws at random comes from torch's generator. Batches are the loader's: their order depends on the seed and the
epoch's number only, so that a run resumed from any checkpoint goes on exactly as the uninterrupted one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from lifecycle.contracts.engine import Canceled
from lifecycle.loader.batches import Batches
from workers.engines.evaluate.scores import compute_quick_scores
from workers.engines.train.checkpoints import (
    drop_old_checkpoints,
    flatten_optimizer,
    read_state,
    read_tensors,
    restore_optimizer,
    write_checkpoint,
)
from workers.engines.train.context import Fitted, TrainContext
from workers.engines.train.export import export_graph, run_graph
from workers.engines.train.pace import Clock, compute_rate, count_passes
from workers.engines.train.plan import Inputs, Optimization, TensorSet, TorchPlan

GATHERED_BATCHES = 64  # taken out of memory at once: one gather instead of one a step
SMALLEST_BATCH = 2  # batch norm cannot use a single item
EVALUATION_BATCH = 512
POINTS_PER_EPOCH = 20  # of the training-loss curve


@dataclass
class LoopState:
    """Where the loop stands; all of it goes into a checkpoint."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # next batch of the epoch
    best_score: float | None = None
    best_loss: float | None = None
    best_epoch: int = 0
    epochs_without_gain: int = 0


def fit_torch(plan: TorchPlan, context: TrainContext) -> Fitted:
    """Train the plan's model to its best validation score and hand back what export needs."""
    loop = Loop(plan, context)
    if context.spec.resume_from:
        loop.resume(Path(context.spec.resume_from))
    stopped = loop.fit()
    loop.restore_best()
    _, outputs = loop.evaluate()
    plan.graph.cpu().eval()
    names = [spec.name for spec in plan.interface.outputs]
    return Fitted(
        interface=plan.interface,
        examples=plan.examples,
        write_graph=lambda path, arrays: export_graph(plan.graph, arrays, names, plan.dynamic, path),
        run_original=lambda arrays: run_graph(plan.graph, arrays, names),
        validation_outputs=outputs,
        steps=loop.state.step,
        epochs=loop.state.epoch,
        stopped=stopped,
        device=str(loop.fabric.device),
        tolerance=plan.tolerance,
        notes={"best_epoch": loop.state.best_epoch},
    )


def build_fabric(device: str) -> Fabric:
    """One device: the accelerator where there is one, else the CPU."""
    accelerator = {"auto": "auto", "cpu": "cpu", "mps": "mps"}.get(device, "cuda")
    return Fabric(accelerator=accelerator, devices=1)


class Loop:
    """One model on its way through the data."""

    def __init__(self, plan: TorchPlan, context: TrainContext):
        self.plan, self.context = plan, context
        self.settings = plan.optimization
        self.fabric = build_fabric(context.spec.device)
        self.train = _move(plan.train, self.fabric.device)
        self.validation = _move(plan.validation, self.fabric.device)
        self.feed = Batches(
            self.train, self.settings.batch_size, shuffle=True, seed=context.spec.seed, gather=GATHERED_BATCHES,
            passes=count_passes(len(plan.train), self.settings.batch_size), smallest=SMALLEST_BATCH,
        )  # fmt: skip
        self.batches = len(self.feed)
        self.total_steps = self.batches * self.settings.epochs
        self.log_every = max(1, self.batches // POINTS_PER_EPOCH)
        self.loss = build_loss(context, self.settings)
        parameters = [p for p in plan.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            parameters, lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay, fused=True
        )
        wrapped_model, wrapped_optimizer = self.fabric.setup(plan.model, optimizer)
        self.model, self.optimizer = plan.model, optimizer
        self.forward, self.backward, self.advance = _bind(self.fabric, wrapped_model, wrapped_optimizer)
        self.state = LoopState()
        self.losses: list[Tensor] = []  # since the last point of the curve; fetched lazily
        self.best: dict[str, Tensor] = {}
        self.history: list[tuple[int, dict[str, float]]] = []
        self.clock = Clock(context.checkpoint_seconds)

    def fit(self) -> str:
        """Epochs until the last one or until none gets better; how it ended."""
        self.clock.start()
        while self.state.epoch < self.settings.epochs:
            if self.is_exhausted():
                return "early_stopped"
            self.epoch()
        return "early_stopped" if self.is_exhausted() and self.state.epoch < self.settings.epochs else "completed"

    def is_exhausted(self) -> bool:
        """Whether early stopping has run out of patience."""
        return 0 < self.settings.patience <= self.state.epochs_without_gain

    def epoch(self) -> None:
        """The rest of the current epoch, then its evaluation and perhaps a checkpoint."""
        self.model.train()
        for inputs, targets in self.iterate_batches():
            self.step(inputs, targets)
        self.state.epoch += 1
        self.state.batch = 0
        self.report_losses()
        loss, outputs = self.evaluate()
        self.keep_score(loss, outputs)
        if self.clock.is_due_after_epoch():
            self.checkpoint()

    def iterate_batches(self) -> Iterator[tuple[Inputs, Tensor]]:
        """The loader's batches from where the epoch stands."""
        self.feed.load_state_dict(self.feed.state_dict() | {"epoch": self.state.epoch, "batch": self.state.batch})
        return iter(self.feed)

    def step(self, inputs: Inputs, targets: Tensor) -> None:
        """One optimizer step; no number leaves the device unless a point of the curve is due."""
        state = self.state
        rate = compute_rate(state.step, self.total_steps, self.settings)
        self.optimizer.param_groups[0]["lr"] = rate
        if self.plan.augment is not None:
            inputs = self.plan.augment(inputs)
        loss = self.loss(self.forward(*inputs), targets)
        self.optimizer.zero_grad()
        self.backward(loss)
        self.advance()
        self.losses.append(loss.detach())
        state.step += 1
        state.batch += 1
        if state.step % self.log_every == 0:
            self.report_losses()
        if self.context.should_stop():
            self.checkpoint()
            raise Canceled
        if time.monotonic() >= self.clock.due_at:
            self.checkpoint()

    @torch.inference_mode()
    def evaluate(self) -> tuple[float, np.ndarray]:
        """Mean loss on the validation split, and its outputs (probabilities, or values in the target's unit)."""
        self.model.eval()
        parts = [
            self.model(*(x[start : start + EVALUATION_BATCH] for x in self.validation.inputs))
            for start in range(0, len(self.validation), EVALUATION_BATCH)
        ]
        raw = torch.cat(parts)
        loss = float(build_loss(self.context, None)(raw, self.validation.targets))
        return loss, self.plan.to_outputs(raw).float().cpu().numpy()

    def report_losses(self) -> None:
        """A point of the training curve: the mean since the last one."""
        if not self.losses:
            return
        mean = float(torch.stack(self.losses).mean())
        self.losses.clear()
        if not math.isfinite(mean):
            raise FloatingPointError(
                f"The loss became {mean} at step {self.state.step}. Lower the learning rate or check the data."
            )
        self.report({"train/loss": mean})
        share = self.plan.prepared_share + (0.95 - self.plan.prepared_share) * self.state.step / self.total_steps
        epoch = min(self.state.step // self.batches + 1, self.settings.epochs)
        self.context.report.progress(min(share, 0.95), f"Epoch {epoch} of {self.settings.epochs}")

    def report(self, values: dict[str, float]) -> None:
        """Metrics at the current step, remembered for checkpoints."""
        self.history.append((self.state.step, values))
        self.context.report.metrics(self.state.step, values)

    def keep_score(self, loss: float, outputs: np.ndarray) -> None:
        """Report the validation scores; remember the weights if they are the best so far."""
        metric, state = self.context.metric, self.state
        scores = compute_quick_scores(
            self.plan.examples.classes, self.plan.examples.validation.targets, outputs, metric
        )
        self.report({"validation/loss": loss, **{f"validation/{key}": value for key, value in scores.items()}})
        score = scores.get(metric.key, -loss)
        signed = score if metric.higher_is_better or metric.key not in scores else -score
        if is_better(signed, loss, state.best_score, state.best_loss):
            state.best_score, state.best_loss, state.best_epoch = signed, loss, state.epoch
            state.epochs_without_gain = 0
            self.best = {key: value.detach().clone() for key, value in self.model.state_dict().items()}
        else:
            state.epochs_without_gain += 1

    def restore_best(self) -> None:
        """Put the best weights back into the model."""
        if self.best:
            self.model.load_state_dict(self.best)

    def checkpoint(self) -> None:
        """Everything needed to go on from here, written whole or not at all."""
        started_at = time.monotonic()
        state = {
            **asdict(self.state),
            "fingerprint": self.context.fingerprint,
            "losses": torch.stack(self.losses).tolist() if self.losses else [],
            "history": self.history,
        }
        random = {"cpu": torch.get_rng_state()}
        if self.fabric.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.fabric.device)
        tensors = {
            "model": self.model.state_dict(),
            "optimizer": flatten_optimizer(self.optimizer),
            "random": random,
            "best": self.best,
        }
        root = self.context.workdir / "checkpoints"
        path = write_checkpoint(root, self.state.step, state, tensors, self.plan.files)
        self.context.report.checkpoint(str(path), self.state.step)
        drop_old_checkpoints(root)
        self.clock.record(started_at)

    def resume(self, folder: Path) -> None:
        """Go back to the moment `checkpoint` wrote `folder`."""
        raw: dict[str, Any] = read_state(folder, self.context.fingerprint)
        self.state = LoopState(**{key: raw[key] for key in asdict(self.state)})
        self.losses = [torch.tensor(value, device=self.fabric.device) for value in raw["losses"]]
        self.history = [(step, values) for step, values in raw["history"]]
        self.model.load_state_dict(read_tensors(folder, "model"))
        restore_optimizer(self.optimizer, read_tensors(folder, "optimizer"))
        self.best = {k: v.to(self.fabric.device) for k, v in read_tensors(folder, "best").items()}
        random = read_tensors(folder, "random")
        torch.set_rng_state(random["cpu"])
        if "cuda" in random and self.fabric.device.type == "cuda":
            torch.cuda.set_rng_state(random["cuda"], self.fabric.device)
        self.context.log(f"Continuing from step {self.state.step:,}.")


def _move(data: TensorSet, device: torch.device) -> TensorSet:
    return TensorSet(tuple(x.to(device) for x in data.inputs), data.targets.to(device))


def _bind(fabric: Fabric, model: Any, optimizer: Any) -> tuple[Callable[..., Tensor], Callable[..., None], Callable]:
    """Forward, backward and optimizer step. On one device at full precision Fabric's wrappers change nothing and cost
    some 50 µs a step, so they are looked through."""
    if fabric.world_size == 1 and fabric._precision.precision == "32-true":
        return model.module, Tensor.backward, optimizer.optimizer.step
    return model, fabric.backward, optimizer.step


def build_loss(context: TrainContext, settings: Optimization | None) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy for classes, squared error for standardized values; smoothed only for training."""
    if context.examples.classes:
        return nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing if settings else 0.0)
    return nn.MSELoss()


def is_better(score: float, loss: float, best_score: float | None, best_loss: float | None) -> bool:
    """A higher score wins; an equal one wins by a lower loss."""
    if best_score is None or best_loss is None:
        return True
    return score > best_score or (score == best_score and loss < best_loss)
