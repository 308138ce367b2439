"""LightGBM wants the system's OpenMP runtime, which a bare machine lacks; scikit-learn's wheel brings a copy."""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

_NAME = "libgomp.so.1"


def find_library_path(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What to add to the environment of children: nothing where the system has the library."""
    if sys.platform != "linux" or _is_there():
        return {}
    copies = sorted(Path(sysconfig.get_path("purelib")).glob("scikit_learn.libs/libgomp*.so*"))
    if not copies:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _NAME).unlink(missing_ok=True)
    (folder / _NAME).symlink_to(copies[0])
    inherited = environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": f"{folder}:{inherited}" if inherited else str(folder)}


def _is_there() -> bool:
    try:
        ctypes.CDLL(_NAME)
    except OSError:
        return False
    return True
