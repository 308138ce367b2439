"""The process that writes what the workers of the inference server did to Postgres, in bulk and without haste.

It ships the spools (its own and those that killed processes left) and marks releases as loaded. Killed or cut off from
Postgres it loses nothing: it reads the same files again, and a row that is there already stays.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import orjson
import psycopg

from lifecycle.common.blobs import BlobStore
from workers.serving import store
from workers.serving.interpret import Interpreter, Row
from workers.serving.metrics import read_json
from workers.serving.spool import CLOSED, OPEN, Record, is_abandoned, read_records

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.4
RETRY_SECONDS = 1.0
CHUNK_RECORDS = 2000
FRESH_SECONDS = 5.0


class Clerk:
    """`home` is the serving folder of the home folder, `workers` how many processes must have loaded a release."""

    def __init__(self, *, database_url: str, blobs: BlobStore, home: Path, workers: int):
        self._database_url = database_url
        self._spool = home / "spool"
        self._states = home / "state"
        self._rejected = home / "rejected.jsonl"
        self._lock_path = home / "clerk.lock"
        self._workers = workers
        self._interpreter = Interpreter(home, blobs)
        self._offsets: dict[str, int] = {}
        self._stopping = threading.Event()
        self._spool.mkdir(parents=True, exist_ok=True)

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Until stopped; then once more, so that a clean stop leaves nothing behind."""
        with self._lock_path.open("w") as lock:
            while not self._try_lock(lock) and not self._stopping.wait(RETRY_SECONDS):
                pass  # another clerk has this folder: wait until it is gone
            while not self._stopping.is_set():
                try:
                    self._run_connected()
                except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                    logger.warning("the log waits: %s", str(error).strip().splitlines()[:1])
                    self._stopping.wait(RETRY_SECONDS)

    def _try_lock(self, lock) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _run_connected(self) -> None:
        with store.connect(self._database_url) as connection:
            while not self._stopping.is_set():
                started = time.monotonic()
                self.ship(connection)
                self.mark_releases(connection)
                self._stopping.wait(max(0.05, INTERVAL_SECONDS - (time.monotonic() - started)))
            self.ship(connection)

    # predictions

    def ship(self, connection: psycopg.Connection) -> int:
        """Everything that is on file now, oldest first; returns how many rows were sent."""
        paths = sorted((*self._spool.glob(f"*{CLOSED}"), *self._spool.glob(f"*{OPEN}")), key=_modified_at)
        return sum(self._ship_file(connection, path) for path in paths)

    def _ship_file(self, connection: psycopg.Connection, path: Path) -> int:
        sent = 0
        try:
            is_complete = path.suffix == CLOSED or is_abandoned(path)  # asked first: nothing follows after
            records = read_records(path, self._offsets.get(path.stem, 0))
            while chunk := list(islice(records, CHUNK_RECORDS)):
                sent += self._insert(connection, [record for record, _ in chunk])
                self._offsets[path.stem] = chunk[-1][1]
        except FileNotFoundError:  # closed, and so renamed, in this very moment: next round
            return sent
        if is_complete:
            path.unlink()
            self._offsets.pop(path.stem, None)
        return sent

    def _insert(self, connection: psycopg.Connection, records: Sequence[Record]) -> int:
        rows: list[Row] = []
        for record in records:
            rows += self._interpret(record)
        try:
            store.insert_predictions(connection, rows)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except psycopg.Error:
            logger.exception("a batch of predictions is refused: trying them one by one")
            self._insert_singly(connection, rows)
        return len(rows)

    def _insert_singly(self, connection: psycopg.Connection, rows: Sequence[Row]) -> None:
        for row in rows:
            try:
                store.insert_predictions(connection, [row])
            except (psycopg.OperationalError, psycopg.InterfaceError):
                raise
            except psycopg.Error as error:
                self._set_aside({"row": [str(value) for value in row], "error": str(error)})

    def _interpret(self, record: Record) -> list[Row]:
        try:
            return self._interpreter.build_rows(record)
        except OSError:  # the blob store is away: so is the log, until it is back
            raise
        except Exception as error:  # one record nobody foresaw must not stop the log
            logger.exception("a logged prediction cannot be read")
            self._set_aside({"request_id": record.request_id.hex(), "error": repr(error)})
            return []

    def _set_aside(self, entry: dict[str, object]) -> None:
        with self._rejected.open("ab") as out:
            out.write(orjson.dumps(entry) + b"\n")

    # releases

    def mark_releases(self, connection: psycopg.Connection) -> None:
        """`loaded_at` once every worker answers with a release; `load_error` when one of them could not."""
        states = [s for s in map(read_json, self._states.glob("worker-*.json")) if s and _is_fresh(s, self._workers)]
        for state in states:
            for release, reason in state["failed"].items():
                store.mark_failed(connection, int(release), reason)
        if len(states) == self._workers:
            common = set.intersection(*(set(state["releases"]) for state in states))
            for release in common - self._marked:
                store.mark_loaded(connection, release)
            self._marked = common

    _marked: set[int] = set()


def _is_fresh(state: dict, workers: int) -> bool:
    if state["index"] >= workers or time.time() - state["at"] > FRESH_SECONDS:
        return False
    try:
        os.kill(state["pid"], 0)
    except OSError:
        return False
    return True


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
