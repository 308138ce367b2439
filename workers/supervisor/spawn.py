"""Start a child process that cannot outlive its parent, and end one with all its descendants."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGTERM,
    environ: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own; on Linux it gets `death_signal` when this process dies.

    The kernel ties that signal to the thread that forks, so it is asked for on the main thread only.
    """
    on_main_thread = threading.current_thread() is threading.main_thread()
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=dict(environ) if environ is not None else None,
        preexec_fn=_die_with(os.getpid(), death_signal) if _libc and on_main_thread else None,
        **options,
    )


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    def arm() -> None:
        assert _libc is not None
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died between fork and the line above
            os.kill(os.getpid(), death_signal)

    return arm


def stop(process: subprocess.Popen[bytes], first: signal.Signals, grace_seconds: float) -> None:
    """Ask with `first`, wait, then kill whatever is left of the child's process group."""
    if process.poll() is None:
        process.send_signal(first)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    kill_group(process.pid)
    process.wait()


def kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def command_of(pid: int) -> str:
    """The command line of a running process, or an empty string."""
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)] if sys.platform != "linux" else ["cat", f"/proc/{pid}/cmdline"],
        capture_output=True,
        check=False,
    )
    return answer.stdout.decode(errors="replace").replace("\0", " ").strip()


def wait_until_dead(pid: int, timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
