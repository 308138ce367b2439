"""The parent's end of the fetching process: starts it, feeds it, hears it, and ends it whatever it does."""

from __future__ import annotations

import dataclasses
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from lifecycle.contracts.crawl import CrawlSpec, FoundItem, FoundLink, Outcome, SetAside, Target
from lifecycle.contracts.sources import Contract, Observed
from workers.engines.crawl.frames import read_frame, write_frame

ROOT = Path(__file__).resolve().parents[3]
Heard = tuple[Outcome, list[bytes]]


class FetcherLost(Exception):
    """The fetching process ended or hangs."""


class Fetcher:
    """One fetching process."""

    def __init__(self, spec: CrawlSpec, log_path: Path, *, silence_seconds: float = 90.0):
        self.log_path = log_path
        self.silence_seconds = silence_seconds
        self._heard: queue.SimpleQueue[tuple[dict[str, Any], list[bytes]] | None] = queue.SimpleQueue()
        self._heard_at = time.monotonic()
        with open(log_path, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workers.engines.crawl.child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                cwd=ROOT, env=_pick_environment(), start_new_session=True,
            )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()
        self._send({"spec": dataclasses.asdict(spec)})

    def feed(self, targets: Sequence[Target]) -> None:
        """Have these fetched."""
        if targets:
            self._send({"targets": [dataclasses.asdict(target) for target in targets]})

    def hear(self, timeout: float) -> list[Heard]:
        """Outcomes that have come, waiting up to `timeout` seconds for the first. Raises FetcherLost."""
        heard: list[Heard] = []
        deadline = time.monotonic() + timeout
        while True:
            try:
                frame = self._heard.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                self._check_silence()
                return heard
            if frame is None:
                raise FetcherLost(f"it ended with status {self._process.wait()}: {self._read_last_words()}")
            if "outcomes" in frame[0]:
                heard += _parse(*frame)
                deadline = 0.0  # take what is there already, and return

    def close(self) -> None:
        """End it at once. Everything it was doing is dropped."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    continue  # a write that the process did not take any more

    def _check_silence(self) -> None:
        if time.monotonic() - self._heard_at > self.silence_seconds:
            raise FetcherLost(f"it said nothing for {self.silence_seconds:g} s")

    def _send(self, message: dict[str, Any]) -> None:
        try:
            write_frame(cast("BinaryIO", self._process.stdin), message)
        except OSError as error:
            raise FetcherLost(f"it takes nothing any more: {error}; {self._read_last_words()}") from None

    def _listen(self) -> None:
        try:
            while (frame := read_frame(cast("BinaryIO", self._process.stdout))) is not None:
                self._heard_at = time.monotonic()
                self._heard.put(frame)
        except (OSError, ValueError):  # the pipe was closed under us
            self._heard.put(None)
        else:
            self._heard.put(None)

    def _read_last_words(self) -> str:
        text = self.log_path.read_bytes()[-500:].decode("utf-8", "replace").strip()
        return text.splitlines()[-1] if text else "it left no message"


def _pick_environment() -> dict[str, str]:
    """What Python needs, and nothing of the installation's: what is fetched is read in this process."""
    names = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in names if name in os.environ} | {"OMP_NUM_THREADS": "1"}


def _parse(message: dict[str, Any], blobs: list[bytes]) -> list[Heard]:
    found, start = [], 0
    for raw in message["outcomes"]:
        count = raw.pop("blob_count")
        found.append((parse_outcome(raw), blobs[start : start + count]))
        start += count
    return found


def parse_outcome(raw: dict[str, Any]) -> Outcome:
    """An outcome as the fetching process wrote it."""
    raw["links"] = tuple(FoundLink(**link) for link in raw.get("links", ()))
    raw["items"] = tuple(FoundItem(**item) for item in raw.get("items", ()))
    raw["set_aside"] = tuple(SetAside(*refused) for refused in raw.get("set_aside", ()))
    raw["contract"] = Contract.from_json(raw["contract"]) if raw.get("contract") else None
    raw["observed"] = tuple((name, Observed.from_json(seen)) for name, seen in raw.get("observed", ()))
    raw["notes"] = tuple(raw.get("notes", ()))
    for name in ("columns", "dropped"):
        raw[name] = tuple(tuple(pair) for pair in raw.get(name, ()))
    return Outcome(**raw)
