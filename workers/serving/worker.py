"""One process that answers: a loop on its socket, a thread that watches Postgres, a pool for slow models."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import psycopg

from lifecycle.common.blobs import open_blobs
from lifecycle.contracts.settings import Settings
from workers.serving import store
from workers.serving.app import App
from workers.serving.auth import Doorkeeper
from workers.serving.endpoints import Endpoint
from workers.serving.http import Server
from workers.serving.metrics import Metrics, read_json, render, write_json
from workers.serving.spool import SpoolWriter
from workers.serving.store import Caller
from workers.serving.watcher import Watcher

logger = logging.getLogger(__name__)

STATE_SECONDS = 0.4
SWEEP_SECONDS = 1.0
DRAIN_SECONDS = 10.0
FIRST_TABLE_SECONDS = 10.0
THREADS = max(4, (os.cpu_count() or 1) + 1)
TEXT = b"text/plain; version=0.0.4; charset=utf-8"


class TokenStore:
    """Looks tokens up over one connection, opened anew after a failure; safe to use from the pool's threads."""

    def __init__(self, database_url: str):
        self._database_url = database_url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def find(self, token_hash: str) -> Caller | None:
        with self._lock:
            for _ in range(2):  # a connection that died while idle gets a second chance
                is_new = self._connection is None
                try:
                    if self._connection is None:
                        self._connection = store.connect(self._database_url)
                    return store.find_caller(self._connection, token_hash)
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    self._connection = None
                    if is_new:
                        raise
            raise psycopg.OperationalError("the connection was lost twice")


class Worker:
    """Everything of one process; `index` is its place among `workers`."""

    def __init__(self, settings: Settings, *, index: int, workers: int):
        self.index = index
        self.home = Path(settings.home) / "serving"
        self.state_path = self.home / "state" / f"worker-{index}.json"
        self.state_path.parent.mkdir(parents=True, exist_ok=True)
        self.metrics = Metrics()
        before = read_json(self.state_path)
        if before:
            self.metrics.add(before["metrics"], with_gauges=False)
        self.spool = SpoolWriter(self.home / "spool", f"worker-{index}-{os.getpid()}-{time.time_ns()}")
        self.executor = ThreadPoolExecutor(THREADS, thread_name_prefix="model")
        self.app = App(
            doorkeeper=Doorkeeper(TokenStore(settings.database_url).find, settings.secret_key),
            spool=self.spool,
            metrics=self.metrics,
            executor=self.executor,
            pages={b"/healthz": self._render_health, b"/metrics": self._render_metrics},
        )
        self.server = Server(self.app.handle)
        self.watcher = Watcher(
            database_url=settings.database_url,
            blobs=open_blobs(settings.storage_url),
            cache=self.home,
            workers=workers,
            executor=self.executor,
            metrics=self.metrics,
            finish=self.app.finish,
            publish=self._publish,
            announce=self._announce,
        )
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._loaded: asyncio.Event

    async def run(self, listener: socket.socket, lifeline: int) -> None:
        """Serve until SIGTERM, or until the parent is gone; then answer what is under way and leave."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._loaded = asyncio.Event()
        self._loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        self._loop.add_signal_handler(signal.SIGINT, lambda: None)  # Ctrl-C reaches us as the parent's SIGTERM
        self._loop.add_reader(lifeline, self._stopping.set)
        self.watcher.start()
        self._write_state()
        housekeeping = asyncio.create_task(self._keep_house())
        await self._wait_for_first_table()
        listening = await self._loop.create_server(self.server.build_connection, sock=listener, backlog=1024)
        await self._stopping.wait()
        self._loop.remove_reader(lifeline)
        housekeeping.cancel()
        listening.close()
        await self._drain()

    async def _wait_for_first_table(self) -> None:
        """Clients wait in the backlog until the models are there; not for ever, so that health can be asked."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._loaded.wait(), FIRST_TABLE_SECONDS)

    async def _drain(self) -> None:
        self.app.is_ready = False
        self.server.drain()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.server.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        self.watcher.stop()
        self.spool.close()
        self._write_state()

    async def _keep_house(self) -> None:
        swept = time.monotonic()
        while True:
            await asyncio.sleep(STATE_SECONDS)
            try:
                self._write_state()
                if time.monotonic() - swept > SWEEP_SECONDS:
                    swept = time.monotonic()
                    self.server.sweep()
                    self.spool.tick()
            except OSError:  # e.g. a full disk: serving goes on
                logger.exception("housekeeping failed")

    def _publish(self, endpoints: dict[str, Endpoint]) -> None:
        """Called by the watcher's thread: one assignment, so no request sees half of a table."""
        self.app.endpoints = endpoints

    def _announce(self) -> None:
        if not self.app.is_ready and not self._stopping.is_set():
            self.app.is_ready = True
            self._loop.call_soon_threadsafe(self._loaded.set)

    def _write_state(self) -> None:
        endpoints = list(self.app.endpoints.values())
        self.metrics.waiting = {e.slug: e.waiting for e in endpoints}
        self.metrics.dropped += self.spool.take_dropped()
        state = {
            "index": self.index,
            "pid": os.getpid(),
            "at": time.time(),
            "releases": [e.release.id for e in endpoints if e.release],
            "failed": {e.failed_release_id: e.load_error for e in endpoints if e.failed_release_id},
            "metrics": self.metrics.to_json(),
        }
        write_json(self.state_path, state)

    def _render_health(self) -> tuple[int, bytes, bytes]:
        database = self.watcher.database_error
        loaded = [e for e in self.app.endpoints.values() if e.release]
        failed = {e.slug: e.load_error for e in self.app.endpoints.values() if e.load_error}
        parts: dict[str, Any] = {
            "postgres": f"down: {database}" if database else "ok",
            "deployments": {"ready": len(loaded), "failed": failed},
            "spool_bytes": self._count_spool_bytes(),
        }
        # Cut off from Postgres it still answers with what it has; it is down only when it never saw a table.
        state = "starting" if not self.app.is_ready else "degraded" if database or failed else "ok"
        return (200 if self.app.is_ready else 503), orjson.dumps({"status": state, "parts": parts}), b"application/json"

    def _render_metrics(self) -> tuple[int, bytes, bytes]:
        total = Metrics()
        self._write_state()
        for state in map(read_json, self.state_path.parent.glob("worker-*.json")):
            if state:
                total.add(state["metrics"])
        return 200, render(total, self._count_spool_bytes()), TEXT

    def _count_spool_bytes(self) -> int:
        total = 0
        for path in self.spool.folder.iterdir():
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                continue  # shipped in this moment
        return total


def run_worker(settings: Settings, *, index: int, workers: int, listener: int, lifeline: int) -> None:
    import uvloop  # the parent and the clerk do without

    worker = Worker(settings, index=index, workers=workers)
    uvloop.run(worker.run(socket.socket(fileno=listener), lifeline))
    worker.executor.shutdown(wait=False, cancel_futures=True)
