"""Batches for training: the order is fixed by seed and epoch, shared out by rank, and resumed in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from .order import compute_order, take_share
from .torch_data import TorchItems


class Batches:
    """Iterate it once an epoch. `state_dict()` after any batch, `load_state_dict()` before the next `for`.

    With `workers` > 0 batches are made in that many processes; the order does not depend on their number. Rank r of
    `world_size` gets every world_size-th item; `even` (as torch's DistributedSampler does) repeats the first ones so
    that all ranks make equally many steps, otherwise shares are disjoint and differ by one item at most.
    """

    def __init__(
        self,
        items: TorchItems,
        batch_size: int,
        *,
        shuffle: bool = False,
        seed: int = 0,
        workers: int = 0,
        rank: int = 0,
        world_size: int = 1,
        drop_last: bool = False,
        even: bool = False,
        collate: Callable | None = None,
    ):
        self.items, self.batch_size, self.shuffle, self.seed = items, batch_size, shuffle, seed
        self.workers, self.rank, self.world_size = workers, rank, world_size
        self.drop_last, self.even, self.collate = drop_last, even, collate
        self.epoch = 0
        self.done = 0  # batches of this epoch that were handed out

    def __len__(self) -> int:
        count = len(self._share())
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def _share(self) -> np.ndarray:
        order = compute_order(len(self.items), shuffle=self.shuffle, seed=self.seed, epoch=self.epoch)
        if self.even and len(order):
            order = np.concatenate([order, order[: -len(order) % self.world_size]])
        return take_share(order, self.rank, self.world_size)

    def _list_batches(self) -> list[np.ndarray]:
        share = self._share()
        found = [share[at : at + self.batch_size] for at in range(0, len(share), self.batch_size)]
        return found[:-1] if self.drop_last and found and len(found[-1]) < self.batch_size else found

    def __iter__(self) -> Iterator[tuple[Any, torch.Tensor]]:
        batches = self._list_batches()
        if not batches:  # a rank beyond the last item counts its epochs like the others
            self.epoch += 1
        for made in self._make(batches[self.done :]):
            self.done += 1
            if self.done == len(batches):  # said before the last batch is used: a state taken after it starts anew
                self.epoch, self.done = self.epoch + 1, 0
            yield made

    def _make(self, batches: list[np.ndarray]) -> Iterator[Any]:
        if self.workers == 0:
            for places in batches:
                yield self._build(places)
            return
        yield from torch.utils.data.DataLoader(
            _ByBatch(self, batches), batch_size=None, shuffle=False, num_workers=self.workers
        )

    def _build(self, places: np.ndarray) -> Any:
        if self.collate is not None:
            self.items.fetch(places)
            return self.collate([self.items[int(place)] for place in places])
        return self.items.get_batch(places)

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, after the last batch that was handed out."""
        return {"epoch": self.epoch, "batch": self.done, "seed": self.seed, "items": len(self.items)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on there. ValueError when it was taken from other data or another seed."""
        if state["items"] != len(self.items) or state["seed"] != self.seed:
            raise ValueError("This state was taken from other items or another seed.")
        self.epoch, self.done = state["epoch"], state["batch"]


class _ByBatch(torch.utils.data.Dataset):
    """One place is one whole batch: what a worker process is asked for."""

    def __init__(self, owner: Batches, batches: list[np.ndarray]):
        self.owner, self.batches = owner, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, place: int) -> Any:
        return self.owner._build(self.batches[place])
