"""A short, throw-away home folder, and whole instances of the supervisor with stand-in children."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lifecycle.contracts.settings import ROOT


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="gm-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def wait_for() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)

    return wait


class Instance:
    """`tests.supervisor.stand_in` in a process of its own."""

    def __init__(self, home: Path, ports: tuple[int, int], *extra: str) -> None:
        self.home = home
        self.output = home / "console.txt"
        drop = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "GRISTMILL_TEST_RUN")
        environ = {name: value for name, value in os.environ.items() if name not in drop}
        environ.update(GRISTMILL_HOME=str(home), GRISTMILL_PORT=str(ports[0]), GRISTMILL_SERVING_PORT=str(ports[1]))
        with self.output.open("ab") as console:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.supervisor.stand_in", *extra],
                cwd=ROOT,
                env=environ,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def says(self, text: str) -> bool:
        return text in self.output.read_text()

    def pids(self) -> list[int]:
        """Everything on this machine that was started for this home folder, except the supervisor itself."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_text()
                environ = (folder / "environ").read_bytes()
            except OSError:
                continue
            mine = str(self.home) in command or f"GRISTMILL_HOME={self.home}".encode() in environ
            if command and mine and int(folder.name) != self.process.pid:
                found.append(int(folder.name))
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def start(home: Path, ports: tuple[int, int]) -> Iterator[Callable[..., Instance]]:
    started: list[Instance] = []

    def begin(*extra: str) -> Instance:
        started.append(Instance(home, ports, *extra))
        return started[-1]

    yield begin
    for instance in started:
        if instance.process.poll() is None:
            instance.stop()
