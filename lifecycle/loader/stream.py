"""Items one after another with a state: shuffled by shard, shared out by rank and worker, resumed mid-epoch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .ahead import BYTES_AHEAD, ITEMS_AHEAD, Ahead, NothingAhead
from .chunks import ChunksAhead
from .order import compute_order, take_share
from .rows import Rows

if TYPE_CHECKING:
    from .version import LoadedVersion

ROWS_AT_ONCE = 1_024


class Stream:
    """Dicts of items, one epoch an iteration. Works alone, in DataLoader workers, and in torchdata's
    StatefulDataLoader, which asks each worker's copy for its `state_dict`.

    Alone it goes on to the next epoch by itself. DataLoader workers read copies and nothing of that comes back: call
    `set_epoch` before each epoch, as with DistributedSampler, or new workers begin with the same order again.

    Rows are read out of the manifest's chunks as they are needed, however many there are. From a server the first item
    waits for its own chunk alone; a few more chunks, and the files of the next `ahead` items (64 MB at most; workers
    share both out), are fetched in a few threads while earlier ones are used; 0 fetches each when its turn comes. The
    order does not depend on it. With `keep` false files leave the cache again once they were used: for sets that are
    larger than the disk.
    """

    def __init__(
        self,
        version: LoadedVersion,
        split: str | None,
        *,
        shuffle: bool = False,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        ahead: int = ITEMS_AHEAD,
        keep: bool = True,
    ):
        self.version, self.rows = version, Rows(version.chunks, split)
        self.ahead, self.keep = ahead, keep
        self.shuffle, self.seed, self.rank, self.world_size = shuffle, seed, rank, world_size
        self.epoch = 0
        self.done = 0  # items of this epoch's share that were handed out

    def __len__(self) -> int:
        return len(self._share(0, 1))

    def _share(self, worker: int, workers: int) -> np.ndarray:
        order = compute_order(len(self.rows), shuffle=self.shuffle, seed=self.seed, epoch=self.epoch)
        return take_share(take_share(order, self.rank, self.world_size), worker, workers)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        worker, workers = find_worker()
        share = self._share(worker, workers)
        if not len(share):  # a rank beyond the last item counts its epochs like the others
            self.epoch += 1
        rest = share[self.done :]
        for item in self._walk(rest, workers):
            self.done += 1
            if self.done == len(share):
                self.epoch, self.done = self.epoch + 1, 0
            yield item

    def read_all(self) -> Iterator[dict[str, Any]]:
        """Every item in the order of the manifest, whoever asks; the state stays as it is."""
        return self._walk(np.arange(len(self.rows)), 1)

    def _walk(self, places: np.ndarray, workers: int) -> Iterator[dict[str, Any]]:
        with self._look_ahead(places, workers) as ahead:
            for row in self._read_rows(places, 0 if isinstance(ahead, NothingAhead) else self.ahead):
                ahead.advance()
                yield self.version._describe(row)

    def _read_rows(self, places: np.ndarray, beyond: int) -> Iterator[dict[str, Any]]:
        """The first row alone, for the sake of the one who waits for it, and the others some at once. `beyond`: how
        many rows ahead somebody looks for their files."""
        chunks, firsts = self.rows.find_chunks(places)
        with ChunksAhead(self.version.chunks, chunks.tolist() if self.ahead else []) as ahead:
            start, end = 0, 1
            while start < len(places):
                if start or beyond:
                    ahead.reach(int(np.searchsorted(firsts, end + beyond)))
                yield from self.rows.take(places[start:end])
                start, end = end, end + ROWS_AT_ONCE

    def _look_ahead(self, order: np.ndarray, workers: int) -> Ahead | NothingAhead:
        if not self.ahead or not len(order) or not self._has_files(int(order[0])):
            return NothingAhead()
        items, byte_limit = max(self.ahead // workers, 1), max(BYTES_AHEAD // workers, 1)
        return self.version.look_ahead(self.rows.find_file, order, items=items, byte_limit=byte_limit, keep=self.keep)

    def _has_files(self, first: int) -> bool:
        """Whether there are files to fetch; of rows, which may have one each, the first chunk says it."""
        if self.version.is_whole or self.version.facts.item_kind == "text":
            return False
        return self.version.facts.item_kind == "image" or self.rows.has_files(first)

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is of this epoch, from its first item; the one it stands in already is gone on with."""
        if epoch != self.epoch:
            self.epoch, self.done = epoch, 0

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, after the last item that was handed out."""
        return {"epoch": self.epoch, "item": self.done, "seed": self.seed, "items": len(self.rows)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on there. ValueError when it was taken from other data or another seed."""
        if state["items"] != len(self.rows) or state["seed"] != self.seed:
            raise ValueError("This state was taken from other items or another seed.")
        self.epoch, self.done = state["epoch"], state["item"]


def make_stream(version: LoadedVersion, split: str | None, **options: Any) -> Stream:
    """A Stream; where torch is installed one that DataLoader knows for an IterableDataset."""
    try:
        from .torch_stream import TorchStream
    except ImportError:
        return Stream(version, split, **options)
    return TorchStream(version, split, **options)


def find_worker() -> tuple[int, int]:
    """(number of this DataLoader worker, how many there are); (0, 1) outside of one."""
    torch = sys.modules.get("torch")
    info = torch.utils.data.get_worker_info() if torch else None
    return (info.id, info.num_workers) if info else (0, 1)
