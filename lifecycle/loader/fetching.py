"""What a version needs that is not here yet: chunks and blobs, in parallel, with a bar; the rest is in the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import requests
from tqdm import tqdm

from .cache import ContentFolder
from .errors import CorruptedData, NotReachable
from .remote import ATTEMPTS, Remote

PACK_BYTES = 8 << 20
PACK_ROWS = 1_000
LARGE_BYTES = 4 << 20  # from here on a file is fetched alone, and resumed
UNKNOWN_BYTES = 16_000  # what a file is taken for where the manifest does not say

Report = Callable[[int], object]  # is told of bytes that came


def _say_nothing(count: int) -> None:
    """For callers without a bar."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Wanted:
    """One file that is missing: where it stands, what it is called and how long it is."""

    chunk: str
    row: int
    blob: str
    byte_size: int | None


class Fetcher:
    """Brings one version's files into a cache."""

    def __init__(self, remote: Remote, number: int, cache: ContentFolder, *, workers: int = 8, progress: bool = True):
        self.remote, self.number, self.cache = remote, number, cache
        self.workers, self.progress = workers, progress

    def fetch_chunk(self, digest: str) -> Path:
        """Local path of one of the manifest's pieces; those of an earlier version are here already."""
        if not self.cache.is_sound(digest):
            with self.cache.reserve(digest):
                if not self.cache.is_sound(digest):
                    self.cache.put(digest, self.remote.fetch_chunk(self.number, digest))
        return self.cache.locate(digest)

    def fetch_blobs(self, wanted: Sequence[Wanted]) -> int:
        """Fetch what is missing of these; returns how many files came."""
        missing = list({item.blob: item for item in wanted if not self.cache.has(item.blob, item.byte_size)}.values())
        if not missing:
            return 0
        total = sum(item.byte_size or UNKNOWN_BYTES for item in missing)
        bar = tqdm(total=total, unit="B", unit_scale=True, desc="Fetching files", disable=not self.progress)
        with bar, ThreadPoolExecutor(self.workers) as pool:
            for _ in pool.map(lambda pack: self.fetch_pack(pack, bar.update), cut_packs(missing)):
                pass
        return len(missing)

    def fetch_pack(
        self, pack: Sequence[Wanted], report: Report = _say_nothing, *, should_stop: Callable[[], bool] = _never
    ) -> None:
        """Fetch the files of one request. What breaks off or comes damaged is asked for again, and then reported:
        NotReachable or CorruptedData. Ends early, without an error, when it should stop."""
        if (pack[0].byte_size or 0) >= LARGE_BYTES:
            return self._fetch_large(pack[0], report, should_stop)
        left = {item.row: item for item in pack}
        for attempt in range(ATTEMPTS):
            try:
                for row, content in self.remote.stream_blobs(self.number, pack[0].chunk, list(left)):
                    if should_stop():
                        return None
                    self.cache.put(left[row].blob, content)
                    report(len(content))
                    del left[row]
            except (requests.RequestException, OSError, CorruptedData) as error:
                if attempt == ATTEMPTS - 1:
                    raise _give_up(error) from error
            if not left or should_stop():
                return None
        raise NotReachable(f"The server did not send {len(left)} files of chunk {pack[0].chunk[:12]}…")

    def _fetch_large(self, item: Wanted, report: Report, should_stop: Callable[[], bool]) -> None:
        part = self.cache.root / "parts" / item.blob
        part.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(2):
            self.remote.fetch_blob(self.number, item.chunk, item.row, part, report, should_stop)
            if should_stop():
                return
            try:
                self.cache.adopt(item.blob, part)
            except CorruptedData:
                if attempt:
                    raise
            else:
                return


def cut_packs(items: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Files that one request may ask for: of one chunk, up to a size; a large one alone."""
    pack: list[Wanted] = []
    size = 0
    for item in sorted(items, key=lambda item: (item.chunk, item.row)):
        weight = item.byte_size or UNKNOWN_BYTES
        is_full = size + weight > PACK_BYTES or len(pack) >= PACK_ROWS
        if pack and (is_full or item.chunk != pack[0].chunk or weight >= LARGE_BYTES):
            yield pack
            pack, size = [], 0
        pack.append(item)
        size = PACK_BYTES if weight >= LARGE_BYTES else size + weight
    if pack:
        yield pack


def list_wanted(path: Path, digest: str) -> list[Wanted]:
    """Every file that one chunk names."""
    names = pq.read_schema(path).names
    table = pq.read_table(path, columns=["blob", *(["byte_size"] if "byte_size" in names else [])])
    sizes = table["byte_size"].to_pylist() if "byte_size" in names else [None] * table.num_rows
    pairs = enumerate(zip(table["blob"].to_pylist(), sizes, strict=True))
    return [Wanted(digest, row, blob, size) for row, (blob, size) in pairs if blob]


def _give_up(error: Exception) -> Exception:
    return (
        error if isinstance(error, CorruptedData) else NotReachable(f"The download broke off again and again: {error}")
    )
