"""What must hold before anything starts; each problem is a sentence that says what to do."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from lifecycle.contracts.settings import Settings

LEAST_FREE_BYTES = 500 * 1024 * 1024


class PreflightError(RuntimeError):
    """Gristmill cannot start as things are; the message is for the person who typed `make run`."""


def check_home(home: Path) -> None:
    """The home folder can be made and written, and has room."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"x")
    except OSError as error:
        raise PreflightError(
            f"The folder {home} cannot be written ({error.strerror}). "
            "Make it writable for this user, or set GRISTMILL_HOME to another folder."
        ) from error
    check_room(home, shutil.disk_usage(home).free)


def check_room(home: Path, free_bytes: int) -> None:
    if free_bytes < LEAST_FREE_BYTES:
        raise PreflightError(
            f"The disk under {home} is nearly full: {free_bytes // 2**20} MiB free, at least "
            f"{LEAST_FREE_BYTES // 2**20} MiB are needed. Free some, or set GRISTMILL_HOME to a folder on another disk."
        )


def check_ports(settings: Settings) -> None:
    host = settings.host
    check_port(host, settings.port, "GRISTMILL_PORT")
    check_port(host, settings.serving_port, "GRISTMILL_SERVING_PORT")


def check_port(host: str, port: int, setting: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
            probe.listen(1)
        except PermissionError as error:
            raise PreflightError(
                f"Port {port} needs an administrator. Set {setting} to one above 1023, e.g. {setting}={port + 8000}."
            ) from error
        except OSError as error:
            raise PreflightError(
                f"Port {port} on {host} is taken by another program ({os.strerror(error.errno or 0)}). "
                f"Set {setting} to a free one, e.g. `{setting}={port + 10} make run`, or write it into .env."
            ) from error
