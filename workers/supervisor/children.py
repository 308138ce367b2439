"""One supervised process: its command, its log file, its state, and when it may be started again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from workers.supervisor import spawn

LOG_LIMIT_BYTES = 20 * 1024 * 1024
STEADY_SECONDS = 30.0  # a child that lived this long had started well: its next crash counts as the first


class State(Enum):
    WAITING = "waiting"  # for its first start
    STARTING = "starting"
    RUNNING = "running"
    CRASHED = "crashed"  # waiting for its next start
    STOPPED = "stopped"


def delay_before_restart(crashes_in_a_row: int) -> float:
    """1, 2, 4 … 30 seconds."""
    return float(min(30, 2 ** (crashes_in_a_row - 1)))


@dataclass
class Child:
    name: str
    command: Sequence[str | Path]
    environ: Mapping[str, str]
    log_path: Path
    cwd: Path
    is_ready: Callable[[Child], bool]
    niceness: int = 0
    stop_grace_seconds: float = 10.0

    state: State = State.WAITING
    crashes_in_a_row: int = 0
    next_start_at: float = 0.0
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=30))
    process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _partial: bytes = b""

    def start(self) -> None:
        self._keep_log_small()
        self._log = self.log_path.open("ab")
        nice = ["nice", "-n", str(self.niceness)] if self.niceness else []
        self.process = spawn.spawn(
            [*nice, *self.command],
            environ=self.environ,
            cwd=self.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self._started_at = time.monotonic()
        self.last_lines.clear()
        self.state = State.STARTING

    def read_output(self) -> list[str]:
        """Whole lines written since last asked; they are in the log file and among `last_lines` too."""
        if self.process is None or self.process.stdout is None:
            return []
        written = self.process.stdout.read() or b""
        self._log.write(written)
        self._log.flush()
        *lines, self._partial = (self._partial + written).split(b"\n")
        texts = [line.decode(errors="replace").rstrip() for line in lines]
        self.last_lines.extend(texts)
        return texts

    def check(self) -> bool:
        """Look at the process; returns whether the state changed."""
        before = self.state
        if self.state in (State.STARTING, State.RUNNING):
            if self.process is None or self.process.poll() is not None:
                self._note_crash()
            elif self.state is State.STARTING and self.is_ready(self):
                self.state = State.RUNNING
            elif time.monotonic() - self._started_at > STEADY_SECONDS:
                self.crashes_in_a_row = 0
        return self.state is not before

    def _note_crash(self) -> None:
        assert self.process is not None
        self.read_output()
        spawn.kill_group(self.process.pid)  # a dead parent may leave pool processes behind
        self.crashes_in_a_row += 1
        self.next_start_at = time.monotonic() + delay_before_restart(self.crashes_in_a_row)
        self.state = State.CRASHED

    @property
    def is_due(self) -> bool:
        return self.state is State.CRASHED and time.monotonic() >= self.next_start_at

    def describe_exit(self) -> str:
        code = self.process.returncode if self.process else 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait until the deadline (monotonic), then kill the group."""
        if self.process is None:
            return
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read_output()  # a full pipe would keep it from ending
            time.sleep(0.03)
        spawn.kill_group(self.process.pid)
        self.process.wait()
        self.read_output()
        self._log.close()
        self.state = State.STOPPED

    def _keep_log_small(self) -> None:
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
