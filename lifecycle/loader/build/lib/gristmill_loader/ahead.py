"""Files of the next items fetched while earlier ones are in use: a window over an order, by packs, in a few threads."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

from .fetching import PACK_BYTES, UNKNOWN_BYTES, Fetcher, Wanted, cut_packs

ITEMS_AHEAD = 1_024
BYTES_AHEAD = 64 << 20
PACK_ITEMS = 64  # items looked at together: their files come in one request for each chunk they are in
CHUNK, ROW = "_chunk", "_row"  # columns that say where a row of a manifest stands


class Places:
    """Which file is behind each row of a table that has the columns CHUNK and ROW."""

    def __init__(self, table: pa.Table, digests: Sequence[str]):
        self.digests = list(digests)
        self.blobs = table["blob"].combine_chunks()
        self.sizes = table["byte_size"].combine_chunks() if "byte_size" in table.column_names else None
        self.chunks, self.rows = (table[name].to_numpy() for name in (CHUNK, ROW))

    def find(self, place: int) -> Wanted | None:
        """The file of one row; None where it has none."""
        blob = self.blobs[place].as_py()
        if not blob:
            return None
        size = self.sizes[place].as_py() if self.sizes is not None else None
        return Wanted(self.digests[self.chunks[place]], int(self.rows[place]), blob, size)


class Ahead:
    """Call `advance` before each item of `order`; at the end, or before it, `close`.

    At most `items` items and about `byte_limit` bytes beyond the one in use are on their way or here. With `keep` false
    files that were fetched for this are removed once their item was used, so that a set may be larger than the disk.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        find: Callable[[int], Wanted | None],
        order: Sequence[int] | np.ndarray,
        *,
        items: int = ITEMS_AHEAD,
        byte_limit: int = BYTES_AHEAD,
        keep: bool = True,
    ):
        self._fetcher, self._find, self._order = fetcher, find, order
        self._items, self._byte_limit, self._keep = items, byte_limit, keep
        self._next = 0  # first place in the order that nobody looked at yet
        self._window: deque[Wanted | None] = deque()  # from the item in use to the one before `_next`
        self._byte_count = 0
        self._is_begun = False
        self._uses: Counter[str] = Counter()  # items of the window, by file
        self._tasks: dict[str, Future] = {}  # file of the window -> the pack that brings it
        self._stopped = threading.Event()
        self._process = os.getpid()
        fetcher.remote.renew_after_fork()
        self._pool = ThreadPoolExecutor(fetcher.workers, thread_name_prefix="gristmill-ahead")

    def advance(self) -> None:
        """Done with the item before: wait until the next one's file is here, and begin what comes into the window.
        Raises what fetching it raised: NotReachable, or CorruptedData when it came damaged again and again."""
        if self._is_begun:
            self._leave()
        self._is_begun = True
        while self._next < len(self._order) and (not self._window or self._has_room()):
            self._begin_pack()
        wanted = self._window[0] if self._window else None
        if wanted is not None and wanted.blob in self._tasks:
            self._tasks[wanted.blob].result()

    def close(self) -> None:
        """End the threads: each stops at the next file. What a fork copied of an iteration is left alone."""
        if os.getpid() != self._process or self._stopped.is_set():
            return
        self._stopped.set()
        self._pool.shutdown(wait=not self._keep, cancel_futures=True)
        while self._window:
            self._leave()

    def _has_room(self) -> bool:
        return len(self._window) < self._items and self._byte_count < self._byte_limit

    def _begin_pack(self) -> None:
        """Look at the next few items and have fetched what is not here."""
        missing: list[Wanted] = []
        size, end = 0, min(self._next + PACK_ITEMS, len(self._order))
        while self._next < end and size < PACK_BYTES:
            wanted = self._find(int(self._order[self._next]))
            self._window.append(wanted)
            self._next += 1
            if wanted is None:
                continue
            size += _weigh(wanted)
            self._uses[wanted.blob] += 1
            if self._uses[wanted.blob] == 1 and not self._fetcher.cache.has(wanted.blob, wanted.byte_size):
                missing.append(wanted)
        self._byte_count += size
        for pack in cut_packs(missing):
            task = self._pool.submit(self._fetcher.fetch_pack, pack, should_stop=self._stopped.is_set)
            self._tasks.update((item.blob, task) for item in pack)

    def _leave(self) -> None:
        """The first item of the window is done with."""
        wanted = self._window.popleft() if self._window else None
        if wanted is None:
            return
        self._byte_count -= _weigh(wanted)
        self._uses[wanted.blob] -= 1
        if not self._uses[wanted.blob]:
            del self._uses[wanted.blob]
            if self._tasks.pop(wanted.blob, None) is not None and not self._keep:
                self._fetcher.cache.drop(wanted.blob)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *given: Any) -> None:
        self.close()


class NothingAhead:
    """For what is all here already, or is fetched one by one."""

    def advance(self) -> None:
        """Nothing to wait for."""

    def __enter__(self) -> NothingAhead:
        return self

    def __exit__(self, *given: Any) -> None:
        """Nothing to end."""


def _weigh(wanted: Wanted) -> int:
    return wanted.byte_size or UNKNOWN_BYTES
