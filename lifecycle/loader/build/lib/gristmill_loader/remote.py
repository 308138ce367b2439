"""A Gristmill server, as far as loading needs it: manifest, chunks, packs of small files, large files by range."""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import requests

from .errors import LoaderError, NotReachable

FRAME = struct.Struct("<IQ")  # row in the chunk, length of the content that follows
ATTEMPTS = 5
TIMEOUT_SECONDS = (10, 60)
BLOCK = 1 << 20


class Remote:
    """One project on one server. Safe to use from many threads and processes: each has a connection of its own."""

    def __init__(self, host: str, project: str, token: str | None):
        self.root = f"{host.rstrip('/')}/api/v1/projects/{project}"
        self.token = token
        self.requests = 0
        self.received = 0
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._local = threading.local()
        self._lock = threading.Lock()

    def renew_after_fork(self) -> None:
        """In a process that was forked: no connection and no lock is shared with the one it came from."""
        if self._process != os.getpid():
            self._begin()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_local", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def get_manifest(self, dataset: str, version: str) -> dict[str, Any]:
        """What the version is made of."""
        return self._patiently(lambda: self._ask("/manifest/", {"dataset": dataset, "version": version}).json())

    def fetch_chunk(self, number: int, digest: str) -> bytes:
        """One Parquet piece of the manifest."""
        return self._patiently(lambda: self._count(self._ask(f"/versions/{number}/chunks/{digest}/").content))

    def stream_blobs(self, number: int, digest: str, rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """(row, content) of many small files in one answer. May break off: ask again for what did not come."""
        answer = self._ask(f"/versions/{number}/chunks/{digest}/blobs/", {"rows": describe_rows(rows)}, stream=True)
        with answer:
            source = answer.raw
            while head := _read(source, FRAME.size):
                row, length = FRAME.unpack(head)
                yield row, self._count(_read(source, length))

    def fetch_blob(
        self,
        number: int,
        digest: str,
        row: int,
        target: Path,
        report: Callable[[int], object],
        should_stop: Callable[[], bool],
    ) -> None:
        """One large file into `target`, going on where an earlier try broke off. Half of it when it should stop."""

        def go_on() -> None:
            there = target.stat().st_size if target.exists() else 0
            headers = {"Range": f"bytes={there}-"} if there else {}
            address = f"/versions/{number}/chunks/{digest}/blobs/{row}/"
            with self._ask(address, stream=True, headers=headers) as answer, open(target, "ab") as out:
                if answer.status_code == 416:  # it came whole before
                    return
                if answer.status_code != 206:
                    out.truncate(0)
                for block in answer.iter_content(BLOCK):
                    if should_stop():
                        return
                    out.write(self._count(block))
                    report(len(block))

        self._patiently(go_on)

    def _count(self, content: bytes) -> bytes:
        with self._lock:
            self.received += len(content)
        return content

    def _ask(self, path: str, query: dict | None = None, *, stream: bool = False, headers: dict | None = None):
        self.renew_after_fork()
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            if self.token:
                self._local.session.headers["Authorization"] = f"Bearer {self.token}"
            self._local.session.headers["Accept-Encoding"] = "identity"
        with self._lock:
            self.requests += 1
        answer = self._local.session.get(
            self.root + path, params=query, stream=stream, headers=headers, timeout=TIMEOUT_SECONDS
        )
        if answer.status_code >= 500 or answer.status_code == 429:
            raise requests.ConnectionError(f"the server answered {answer.status_code}")
        if answer.status_code >= 400 and answer.status_code != 416:
            raise LoaderError(_explain(answer))
        return answer

    def _patiently(self, work: Callable[[], Any]) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return work()
            except (requests.RequestException, OSError) as error:
                if attempt == ATTEMPTS - 1:
                    raise NotReachable(f"{self.root} did not answer: {error}") from error
                time.sleep(0.2 * 2**attempt)
        return None


def describe_rows(rows: Sequence[int]) -> str:
    """Row numbers as text, runs of them short: ``0-4,9``."""
    parts: list[list[int]] = []
    for row in sorted(rows):
        if parts and row == parts[-1][1] + 1:
            parts[-1][1] = row
        else:
            parts.append([row, row])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def _read(source: Any, count: int) -> bytes:
    """Exactly `count` bytes; nothing at the end. Raises ConnectionError for an answer that breaks off."""
    content = b""
    while len(content) < count:
        more = source.read(count - len(content))
        if not more:
            if content:
                raise requests.ConnectionError("the answer broke off")
            return b""
        content += more
    return content


def _explain(answer: requests.Response) -> str:
    if answer.status_code == 401:
        return "The server does not know this token. Make one on your account page, with the scope “read”."
    try:
        body = answer.json()
    except ValueError:
        return f"The server answered {answer.status_code}."
    return str(body.get("detail") or body.get("title") or f"The server answered {answer.status_code}.")
