"""Starts the workers and the clerk, restarts what dies, stops them in order. Holds the listening sockets meanwhile."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

from lifecycle.contracts.settings import Settings

logger = logging.getLogger(__name__)

BACKLOG = 1024
STOP_SECONDS = 12.0
CLERK_STOP_SECONDS = 8.0
CLERK_NICENESS = 5
MIN_RESTART_SECONDS = 0.2
MAX_RESTART_SECONDS = 5.0


class PortTaken(OSError):
    """Another program listens there."""


def bind(host: str, port: int, count: int) -> list[socket.socket]:
    """A listening socket for each worker, the kernel spreading connections; one for all where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:  # SO_REUSEPORT would share a taken port silently
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise PortTaken(
            f"The inference server cannot listen on {host}:{port} ({error.strerror}). "
            "Stop the program that does, or set GRISTMILL_SERVING_PORT to a free port."
        ) from error
    if not sys.platform.startswith("linux"):
        return [_listen(family, host, port)] * count
    first = _listen(family, host, port)
    actual = first.getsockname()[1]
    return [first, *(_listen(family, host, actual) for _ in range(count - 1))]


def _listen(family: int, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform.startswith("linux"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


@dataclass
class Child:
    """One process and the arguments it is started with again."""

    arguments: list[str]
    files: tuple[int, ...]
    process: subprocess.Popen | None = None
    started_at: float = 0.0
    delay: float = MIN_RESTART_SECONDS
    due_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        command = [sys.executable, "-m", "workers.serving", *self.arguments]
        self.process = subprocess.Popen(command, pass_fds=self.files)
        self.started_at = time.monotonic()

    def keep_up(self) -> None:
        """Start it when it is due; after a crash a little later each time."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due_at:
                self.start()
        elif self.process.poll() is not None:
            logger.error("%s ended with %s; starting it again", " ".join(self.arguments), self.process.returncode)
            is_crash_loop = now - self.started_at < 5
            self.delay = min(self.delay * 2, MAX_RESTART_SECONDS) if is_crash_loop else MIN_RESTART_SECONDS
            self.process, self.due_at = None, now + self.delay

    def terminate(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_parent(settings: Settings) -> None:
    """Until SIGTERM or Ctrl-C. Raises PortTaken."""
    listeners = bind(settings.host, settings.serving_port, settings.serving_workers)
    lifeline, keep = os.pipe()  # its end tells the children that this process is gone, however it went
    common = ["--workers", str(settings.serving_workers), "--lifeline", str(lifeline)]
    workers = [
        Child(["--worker", str(i), "--listener", str(s.fileno()), *common], (s.fileno(), lifeline))
        for i, s in enumerate(listeners)
    ]
    clerk = Child(["--clerk", *common], (lifeline,))
    wake, signaled = os.pipe()
    os.set_blocking(signaled, False)
    signal.set_wakeup_fd(signaled, warn_on_full_buffer=False)
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: stopping.append(received))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    logger.info("serving on http://%s:%s, %d workers", settings.host, settings.serving_port, len(workers))
    while not stopping:
        for child in (*workers, clerk):
            child.keep_up()
        readable, _, _ = select.select([wake], [], [], 0.2)
        if readable:
            os.read(wake, 4096)
    _stop(workers, clerk)
    with contextlib.suppress(OSError):
        os.close(keep)


def _stop(workers: list[Child], clerk: Child) -> None:
    """The workers first, so that the clerk can write what they did last."""
    for child in workers:
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in workers:
        child.wait(deadline)
    clerk.terminate()
    clerk.wait(time.monotonic() + CLERK_STOP_SECONDS)
