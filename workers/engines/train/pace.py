"""How the training loop counts: batches of an epoch, the learning rate of a step, the time for a checkpoint."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from workers.engines.train.plan import Optimization

LEAST_STEPS = 20  # of an epoch: fewer teach nothing between two evaluations
CHECKPOINT_COST_SHARE = 0.02  # checkpoints may take this share of the training time


@dataclass
class Clock:
    """When the next checkpoint is due: after `seconds`, later if checkpoints are slow; 0 asks for one every step."""

    seconds: float
    last_at: float = 0.0
    cost: float = 0.0
    due_at: float = 0.0
    has_written: bool = False

    def start(self) -> None:
        self.last_at = time.monotonic()
        self.due_at = self.last_at + self.seconds

    def record(self, started_at: float) -> None:
        """A checkpoint begun at `started_at` has just been written."""
        self.has_written = True
        self.last_at = time.monotonic()
        self.cost = self.last_at - started_at if self.seconds > 0 else 0.0
        self.due_at = self.last_at + max(self.seconds, self.cost / CHECKPOINT_COST_SHARE)

    def is_due_after_epoch(self) -> bool:
        """At the first epoch's end, then whenever writing costs little against the time since the last one."""
        return not self.has_written or time.monotonic() - self.last_at >= self.cost / CHECKPOINT_COST_SHARE


def count_passes(items: int, size: int) -> int:
    """How often one epoch goes through the items: once, or on small data until it has some twenty steps."""
    return min(LEAST_STEPS, max(1, LEAST_STEPS // max(1, items // size)))


def compute_rate(step: int, total: int, settings: Optimization) -> float:
    """Linear warm-up, then a cosine to zero (Loshchilov & Hutter 2017, equation 5, without restarts)."""
    warmup = max(1, int(total * settings.warmup_share))
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))
