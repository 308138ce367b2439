"""Batches for training: the order is fixed by seed and epoch, shared out by rank, and resumed in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch

from .order import compute_order, take_share


class Items(Protocol):
    """What batches are made of: `torch(split)` of a version, or anything that answers for many places at once."""

    def __len__(self) -> int: ...

    def get_batch(self, places: np.ndarray) -> tuple[Any, Any]:
        """(inputs, targets) of these places, both with the places as their first dimension."""


class Batches:
    """Iterate it once an epoch. `state_dict()` after any batch, `load_state_dict()` before the next `for`.

    With `workers` > 0 batches are made in that many processes; the order does not depend on their number. Rank r of
    `world_size` gets every world_size-th item; `even` (as torch's DistributedSampler does) repeats the first ones so
    that all ranks make equally many steps, otherwise shares are disjoint and differ by one item at most.

    An epoch goes `passes` times over the items, each time in another order. A last batch of fewer items than `smallest`
    is left out unless it is the only one (batch norm cannot use one of a single item), with `drop_last` any that is not
    full. With `gather` > 1 so many batches are taken out of the items at once and handed out as views of that: one
    gather instead of one a step, for items that are in memory.
    """

    def __init__(
        self,
        items: Items,
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
        passes: int = 1,
        smallest: int = 1,
        gather: int = 1,
    ):
        self.items, self.batch_size, self.shuffle, self.seed = items, batch_size, shuffle, seed
        self.workers, self.rank, self.world_size = workers, rank, world_size
        self.drop_last, self.even, self.collate = drop_last, even, collate
        self.passes, self.smallest, self.gather = passes, smallest, gather
        self.epoch = 0
        self.done = 0  # batches of this epoch that were handed out

    def __len__(self) -> int:
        return len(self._list_starts(len(self._share())))

    def _share(self) -> np.ndarray:
        count = len(self.items)
        passes = range(self.epoch * self.passes, (self.epoch + 1) * self.passes)
        orders = [compute_order(count, shuffle=self.shuffle, seed=self.seed, epoch=number) for number in passes]
        order = np.concatenate(orders)
        if self.even and len(order):
            order = np.concatenate([order, order[: -len(order) % self.world_size]])
        return take_share(order, self.rank, self.world_size)

    def _list_starts(self, count: int) -> range:
        full, rest = divmod(count, self.batch_size)
        has_last = rest and not self.drop_last and (rest >= self.smallest or not full)
        return range(0, (full + bool(has_last)) * self.batch_size, self.batch_size)

    def _list_batches(self) -> list[np.ndarray]:
        share = self._share()
        return [share[at : at + self.batch_size] for at in self._list_starts(len(share))]

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
            for start in range(0, len(batches), self.gather):
                yield from self._gather(batches[start : start + self.gather])
            return
        yield from torch.utils.data.DataLoader(
            _ByBatch(self, batches), batch_size=None, shuffle=False, num_workers=self.workers
        )

    def _gather(self, batches: list[np.ndarray]) -> Iterator[Any]:
        if len(batches) == 1:
            yield self._build(batches[0])
            return
        together = self._build(np.concatenate(batches))
        start = 0
        for places in batches:
            yield _cut(together, start, start + len(places))
            start += len(places)

    def _build(self, places: np.ndarray) -> Any:
        if self.collate is not None:
            return self.collate(self.items.__getitems__(places.tolist()))  # type: ignore[attr-defined]
        return self.items.get_batch(places)

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, after the last batch that was handed out."""
        return {"epoch": self.epoch, "batch": self.done, "seed": self.seed, "items": len(self.items)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on there. ValueError when it was taken from other data or another seed."""
        if state["items"] != len(self.items) or state["seed"] != self.seed:
            raise ValueError("This state was taken from other items or another seed.")
        self.epoch, self.done = state["epoch"], state["batch"]


def _cut(value: Any, start: int, end: int) -> Any:
    """Some of a batch: of tensors and lists their part, of tuples and dicts the part of each that is in them."""
    if isinstance(value, tuple):
        return tuple(_cut(one, start, end) for one in value)
    if isinstance(value, dict):
        return {name: _cut(one, start, end) for name, one in value.items()}
    return None if value is None else value[start:end]


class _ByBatch(torch.utils.data.Dataset):
    """One place is one whole batch: what a worker process is asked for."""

    def __init__(self, owner: Batches, batches: list[np.ndarray]):
        self.owner, self.batches = owner, batches

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, place: int) -> Any:
        return self.owner._build(self.batches[place])
