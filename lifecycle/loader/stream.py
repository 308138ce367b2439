"""Items one after another with a state: shuffled by shard, shared out by rank and worker, resumed mid-epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from .ahead import BYTES_AHEAD, ITEMS_AHEAD, Ahead, NothingAhead
from .order import compute_order, take_share

if TYPE_CHECKING:
    from .version import LoadedVersion

ROWS_AT_ONCE = 128


class Stream:
    """Dicts of items, one epoch an iteration. Works alone, in DataLoader workers, and in torchdata's
    StatefulDataLoader, which asks each worker's copy for its `state_dict`.

    Alone it goes on to the next epoch by itself. DataLoader workers read copies and nothing of that comes back: call
    `set_epoch` before each epoch, as with DistributedSampler, or new workers begin with the same order again.

    From a server, files of the next `ahead` items (64 MB at most; workers share both out) are fetched in a few threads
    while earlier ones are used; 0 fetches each when its turn comes. The order does not depend on it. With `keep` false
    they leave the cache again once they were used: for sets that are larger than the disk.
    """

    def __init__(
        self,
        version: LoadedVersion,
        table: pa.Table,
        *,
        shuffle: bool = False,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        ahead: int = ITEMS_AHEAD,
        keep: bool = True,
    ):
        self.version, self.table = version, table.combine_chunks()
        self.ahead, self.keep = ahead, keep
        self._places = version.locate_files(self.table)
        self.shuffle, self.seed, self.rank, self.world_size = shuffle, seed, rank, world_size
        self.epoch = 0
        self.done = 0  # items of this epoch's share that were handed out

    def __len__(self) -> int:
        return len(self._share(0, 1))

    def _share(self, worker: int, workers: int) -> np.ndarray:
        order = compute_order(len(self.table), shuffle=self.shuffle, seed=self.seed, epoch=self.epoch)
        return take_share(take_share(order, self.rank, self.world_size), worker, workers)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker, workers = find_worker()
        share = self._share(worker, workers)
        if not len(share):  # a rank beyond the last item counts its epochs like the others
            self.epoch += 1
        rest = share[self.done :]
        with self._look_ahead(rest, workers) as ahead:
            for row in self._read_rows(rest):
                ahead.advance()
                item = self.version._describe(row)
                self.done += 1
                if self.done == len(share):
                    self.epoch, self.done = self.epoch + 1, 0
                yield item

    def _read_rows(self, places: np.ndarray) -> Iterator[dict[str, Any]]:
        """The rows at these places, some at once: one by one Arrow takes longer than all else."""
        batches = self.table.to_batches()
        starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
        for start in range(0, len(places), ROWS_AT_ONCE):
            yield from _take_rows(batches, starts, places[start : start + ROWS_AT_ONCE])

    def _look_ahead(self, order: np.ndarray, workers: int) -> Ahead | NothingAhead:
        if self._places is None or self.version.is_whole or not self.ahead or not len(order):
            return NothingAhead()
        items, byte_limit = max(self.ahead // workers, 1), max(BYTES_AHEAD // workers, 1)
        return self.version.look_ahead(self._places, order, items=items, byte_limit=byte_limit, keep=self.keep)

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is of this epoch, from its first item; the one it stands in already is gone on with."""
        if epoch != self.epoch:
            self.epoch, self.done = epoch, 0

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, after the last item that was handed out."""
        return {"epoch": self.epoch, "item": self.done, "seed": self.seed, "items": len(self.table)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on there. ValueError when it was taken from other data or another seed."""
        if state["items"] != len(self.table) or state["seed"] != self.seed:
            raise ValueError("This state was taken from other items or another seed.")
        self.epoch, self.done = state["epoch"], state["item"]


def _take_rows(batches: list[pa.RecordBatch], starts: np.ndarray, places: np.ndarray) -> list[dict[str, Any]]:
    """Batch by batch: `take` of a table joins them first, and fails where they hold over 2 GB of text."""
    of_batch = np.searchsorted(starts, places, side="right") - 1
    found: dict[int, dict[str, Any]] = {}
    for number in np.unique(of_batch):
        mine = np.flatnonzero(of_batch == number)
        rows = batches[number].take(pa.array(places[mine] - starts[number])).to_pylist()
        found.update(zip(mine.tolist(), rows, strict=True))
    return [found[at] for at in range(len(places))]


def make_stream(version: LoadedVersion, table: pa.Table, **options: Any) -> Stream:
    """A Stream; where torch is installed one that DataLoader knows for an IterableDataset."""
    try:
        from .torch_stream import TorchStream
    except ImportError:
        return Stream(version, table, **options)
    return TorchStream(version, table, **options)


def find_worker() -> tuple[int, int]:
    """(number of this DataLoader worker, how many there are); (0, 1) outside of one."""
    torch = sys.modules.get("torch")
    info = torch.utils.data.get_worker_info() if torch else None
    return (info.id, info.num_workers) if info else (0, 1)
