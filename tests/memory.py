"""How much memory a piece of work takes at its most: of this process, and of the processes it starts."""

from __future__ import annotations

import os
import threading
from pathlib import Path

LOOK_SECONDS = 0.02


class Peak:
    """`with Peak("name of a module") as peak:` then `peak.grown_mb`, and `peak.child_mb` of the largest child process
    whose command line has that name. Linux; elsewhere both stay 0 and prove nothing."""

    def __init__(self, child: str = ""):
        self.child = child.encode()
        self.grown_mb = self.child_mb = 0.0
        self._ended = threading.Event()

    def __enter__(self) -> Peak:
        reset = Path("/proc/self/clear_refs")
        self._is_known = reset.exists()
        if self._is_known:
            reset.write_text("5")  # the high-water mark begins anew
            self._before = _read_mb("self", "VmRSS")
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._ended.set()
        self._thread.join()
        if self._is_known:
            self.grown_mb = _read_mb("self", "VmHWM") - self._before

    def _watch(self) -> None:
        while self.child and self._is_known and not self._ended.wait(LOOK_SECONDS):
            for pid in _list_children():
                try:
                    if self.child in Path(f"/proc/{pid}/cmdline").read_bytes():
                        self.child_mb = max(self.child_mb, _read_mb(pid, "VmHWM"))
                except OSError:
                    continue  # it has ended meanwhile


def _list_children() -> list[str]:
    found: list[str] = []
    for task in os.listdir("/proc/self/task"):
        try:
            found += Path(f"/proc/self/task/{task}/children").read_text().split()
        except OSError:
            continue  # a thread that has ended meanwhile
    return found


def _read_mb(pid: str, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0
