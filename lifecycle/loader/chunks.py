"""The Parquet pieces a version is made of: on this machine, or fetched when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from .fetching import Fetcher

AT_ONCE = 8  # chunks that are on their way beyond the one in use


@dataclass(frozen=True)
class Piece:
    """What is known of a chunk before it is here. `splits` counts its rows by split, `rows` all of them."""

    digest: str
    rows: int
    splits: Mapping[str, int] | None = None  # None: a server or a version that does not say it


class Chunks:
    """A version's chunks by number. Those of a server are fetched one by one or all at once, and kept in the cache."""

    def __init__(self, paths: Sequence[Path] = (), *, pieces: Sequence[Piece] = (), fetcher: Fetcher | None = None):
        self.digests = [piece.digest for piece in pieces]
        self._pieces, self._fetcher = list(pieces), fetcher
        self._paths = dict(enumerate(paths))
        self._count = len(paths) if fetcher is None else len(pieces)

    def __len__(self) -> int:
        return self._count

    @property
    def is_here(self) -> bool:
        """Whether none has to be fetched."""
        return len(self._paths) == self._count

    def locate(self, number: int) -> Path:
        """A chunk on this machine, fetched if it is not there yet."""
        if number not in self._paths:
            assert self._fetcher is not None
            self._paths[number] = self._fetcher.fetch_chunk(self.digests[number])
        return self._paths[number]

    def locate_all(self) -> list[Path]:
        """All of them, in order; what is missing is fetched in parallel."""
        missing = [number for number in range(self._count) if number not in self._paths]
        if missing:
            assert self._fetcher is not None
            with ThreadPoolExecutor(self._fetcher.workers) as pool:
                list(pool.map(self.locate, missing))
        return [self._paths[number] for number in range(self._count)]

    def count(self, split: str | None) -> list[int]:
        """How many rows of a split, or in all, each chunk has. A server that does not say it has them all fetched."""
        if self._pieces and (split is None or all(piece.splits is not None for piece in self._pieces)):
            return [piece.rows if split is None else (piece.splits or {}).get(split, 0) for piece in self._pieces]
        return [_count_rows(path, split) for path in self.locate_all()]


class ChunksAhead:
    """Fetches chunks in the order in which they are needed, a few beyond the one in use, in a few threads.

    The first one is left to whoever reads it, and nothing else is asked for before it is here: so soon comes the first
    item. What fails here is tried again, and told, when its turn comes.
    """

    def __init__(self, chunks: Chunks, order: Sequence[int]):
        self._chunks, self._order = chunks, list(order)
        self._begun = 1
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gristmill-ahead")

    def reach(self, count: int) -> None:
        """The first `count` chunks of the order are in use: begin what comes then."""
        end = min(count + AT_ONCE, len(self._order))
        for number in self._order[self._begun : end]:
            self._pool.submit(self._chunks.locate, number)
        self._begun = max(self._begun, end)

    def __enter__(self) -> ChunksAhead:
        return self

    def __exit__(self, *given: Any) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _count_rows(path: Path, split: str | None) -> int:
    if split is None:
        return pq.read_metadata(path).num_rows
    column = pq.read_table(path, columns=["split"])["split"]
    return pc.sum(pc.equal(column, split)).as_py() or 0
