"""In which order items come: shuffled by shard and window, the same for the same seed and epoch, shared out by rank."""

from __future__ import annotations

import numpy as np

SHARD_ROWS = 1_024
WINDOW_SHARDS = 16


def compute_order(length: int, *, shuffle: bool, seed: int, epoch: int, shard_rows: int = SHARD_ROWS) -> np.ndarray:
    """Positions 0..length-1, int64 (length,): shards of neighbors in random order, shuffled within windows of shards.

    Neighbors stay close in time, so that what is read from disk or network together is used together.
    """
    order = np.arange(length, dtype=np.int64)
    if not shuffle or length < 2:
        return order
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, epoch])))
    shards = [order[at : at + shard_rows] for at in range(0, length, shard_rows)]
    shards = [shards[place] for place in rng.permutation(len(shards))]
    windows = [np.concatenate(shards[at : at + WINDOW_SHARDS]) for at in range(0, len(shards), WINDOW_SHARDS)]
    return np.concatenate([rng.permutation(window) for window in windows])


def take_share(order: np.ndarray, rank: int, world_size: int) -> np.ndarray:
    """Every `world_size`-th position: the shares are disjoint, complete, and differ by one in length at most."""
    if not 0 <= rank < world_size:
        raise ValueError(f"rank {rank} is not below world_size {world_size}")
    return order[rank::world_size]
