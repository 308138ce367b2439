"""Rows of one split by their place in it, read out of the chunks when they are asked for: memory does not grow with the
version, and nothing of a chunk is fetched before its first row is wanted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .ahead import CHUNK, ROW
from .chunks import Chunks
from .errors import LoaderError
from .fetching import Wanted
from .order import SHARD_ROWS, WINDOW_SHARDS

SPLITS = ("train", "validation", "test")
BLOCKS_HELD = 4 * WINDOW_SHARDS  # a shard is in two of them; those in use, and those that are looked ahead into
BYTES_HELD = 64 << 20  # of row groups as they were decoded: neighboring shards are in one
CHUNKS_HELD = 256  # whose footer and places are remembered


class _Opened(NamedTuple):
    """A chunk: where its row groups begin, the row numbers of the split in it, and how Parquet describes it."""

    path: Path
    group_starts: np.ndarray  # int64 (groups + 1,)
    rows: np.ndarray  # int32 (rows of the split,)


class _Held:
    """What was made last, up to a weight; what was not asked for longest goes first, the newest never."""

    def __init__(self, limit: int, weigh: Callable[[Any], int] = lambda one: 1):
        self._limit, self._weigh = limit, weigh
        self._found: OrderedDict[Any, Any] = OrderedDict()
        self._weight = 0

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._found:
            self._found[key] = made = make()
            self._weight += self._weigh(made)
            while self._weight > self._limit and len(self._found) > 1:
                self._weight -= self._weigh(self._found.popitem(last=False)[1])
        self._found.move_to_end(key)
        return self._found[key]


class Rows:
    """Dicts of rows by place, 0 … len - 1 in the order of the manifest, each with CHUNK and ROW: where it stands."""

    def __init__(self, chunks: Chunks, split: str | None):
        self.chunks, self.split = chunks, split and check_split(split)
        self._starts = np.cumsum([0, *chunks.count(self.split)])
        self._hold_nothing()

    def _hold_nothing(self) -> None:
        self._blocks, self._opened = _Held(BLOCKS_HELD), _Held(CHUNKS_HELD)
        self._groups = _Held(BYTES_HELD, lambda table: table.nbytes)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getstate__(self) -> dict[str, Any]:
        return {"chunks": self.chunks, "split": self.split, "_starts": self._starts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._hold_nothing()

    def take(self, places: np.ndarray) -> list[dict[str, Any]]:
        """The rows at these places, block by block: one by one Arrow takes longer than all else."""
        chunks = self._name_chunks(places)
        offsets = places - self._starts[chunks]
        blocks = list(zip(chunks.tolist(), (offsets // SHARD_ROWS).tolist(), strict=True))
        found: dict[int, dict[str, Any]] = {}
        for block in dict.fromkeys(blocks):
            mine = [at for at, other in enumerate(blocks) if other == block]
            rows = take_rows(self._get_block(*block), offsets[mine] - block[1] * SHARD_ROWS)
            found.update(zip(mine, rows, strict=True))
        return [found[at] for at in range(len(places))]

    def find_file(self, place: int) -> Wanted | None:
        """The file of the row at one place; None where it has none."""
        chunk = int(np.searchsorted(self._starts, place, side="right")) - 1
        number, at = divmod(place - int(self._starts[chunk]), SHARD_ROWS)
        for batch in self._get_block(chunk, number):
            if at < batch.num_rows:
                return self._describe_file(batch, at)
            at -= batch.num_rows
        raise IndexError(place)

    def _describe_file(self, batch: pa.RecordBatch, at: int) -> Wanted | None:
        blob = batch["blob"][at].as_py()
        if not blob:
            return None
        size = batch["byte_size"][at].as_py() if "byte_size" in batch.schema.names else None
        return Wanted(self.chunks.digests[batch[CHUNK][at].as_py()], batch[ROW][at].as_py(), blob, size)

    def find_chunks(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(chunks in the order in which these places need them first, the index of the first place in each)."""
        numbers, firsts = np.unique(self._name_chunks(places), return_index=True)
        order = np.argsort(firsts)
        return numbers[order], firsts[order]

    def _name_chunks(self, places: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._starts, places, side="right") - 1

    def has_files(self, place: int) -> bool:
        """Whether any row of the chunk that this place is in has a file."""
        (number,) = self._name_chunks(np.array([place]))
        column = pq.read_table(self.chunks.locate(int(number)), columns=["blob"])["blob"]
        return column.null_count < len(column)

    def _get_block(self, chunk: int, number: int) -> list[pa.RecordBatch]:
        """SHARD_ROWS of a chunk's rows of the split."""
        return self._blocks.get((chunk, number), partial(self._load_block, chunk, number))

    def _load_block(self, chunk: int, number: int) -> list[pa.RecordBatch]:
        opened = self._open(chunk)
        rows = opened.rows[number * SHARD_ROWS : (number + 1) * SHARD_ROWS]
        groups = np.searchsorted(opened.group_starts, rows, side="right") - 1
        parts = []
        for group in np.unique(groups).tolist():
            mine = rows[groups == group]
            table = self._groups.get((chunk, group), partial(_read_group, opened.path, group))
            part = table.take(pa.array(mine - opened.group_starts[group]))
            numbers = pa.array(np.full(len(mine), chunk, np.int32))
            parts.append(part.append_column(CHUNK, numbers).append_column(ROW, pa.array(mine)))
        return pa.concat_tables(parts, promote_options="default").to_batches()

    def _open(self, chunk: int) -> _Opened:
        return self._opened.get(chunk, partial(self._read_places, chunk))

    def _read_places(self, chunk: int) -> _Opened:
        path = self.chunks.locate(chunk)
        with pq.ParquetFile(path) as source:
            facts = source.metadata
            sizes = [facts.row_group(group).num_rows for group in range(facts.num_row_groups)]
            if self.split is None:
                rows = np.arange(facts.num_rows)
            else:
                rows = np.flatnonzero(pc.equal(source.read(columns=["split"])["split"], self.split).to_numpy())
        return _Opened(path, np.cumsum([0, *sizes]), rows.astype(np.int32))


def check_split(split: str) -> str:
    """One of SPLITS; LoaderError otherwise."""
    if split not in SPLITS:
        raise LoaderError(f"There is no split “{split}”: {', '.join(SPLITS)}.")
    return split


def take_rows(batches: Sequence[pa.RecordBatch], places: np.ndarray) -> list[dict[str, Any]]:
    """Batch by batch: `take` of a table joins them first, and fails where they hold over 2 GB of text."""
    starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
    of_batch = np.searchsorted(starts, places, side="right") - 1
    found: dict[int, dict[str, Any]] = {}
    for number in np.unique(of_batch):
        mine = np.flatnonzero(of_batch == number)
        rows = batches[number].take(pa.array(places[mine] - starts[number])).to_pylist()
        found.update(zip(mine.tolist(), rows, strict=True))
    return [found[at] for at in range(len(places))]


def _read_group(path: Path, group: int) -> pa.Table:
    with pq.ParquetFile(path) as source:
        return source.read_row_group(group)
