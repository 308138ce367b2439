"""Pictures decoded once into one memory-mapped array, so that later epochs cost what reading memory costs."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .version import LoadedVersion

VERSION = "2"  # of the way pictures are decoded
THREADS = 4
AT_ONCE = 256


def open_arrays(version: LoadedVersion, blobs: Sequence[str], size: tuple[int, int]) -> np.ndarray:
    """uint8 (n, height, width, 3), memory-mapped read-only; made when it is not there yet."""
    height, width = size
    shape = (len(blobs), height, width, 3)
    if not blobs:
        return np.zeros(shape, dtype=np.uint8)
    key = hashlib.sha256(f"{VERSION}:{height}x{width}:".encode() + "".join(blobs).encode()).hexdigest()
    folder = version.scratch or Path(tempfile.gettempdir()) / "gristmill-arrays"
    target = folder / f"{key}.npy"
    if not target.exists():
        _decode_all(version, blobs, shape, target)
    return np.load(target, mmap_mode="r")


def _decode_all(version: LoadedVersion, blobs: Sequence[str], shape: tuple[int, ...], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    os.close(handle)
    try:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        size = (shape[1], shape[2])
        version.fetch_files(blobs)
        with ThreadPoolExecutor(THREADS) as pool:
            for at in range(0, len(blobs), AT_ONCE):
                part = blobs[at : at + AT_ONCE]
                pictures = pool.map(lambda blob: decode(version.read(blob), size), part)
                for place, picture in enumerate(pictures, at):
                    array[place] = picture
        array.flush()
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def decode(content: bytes, size: tuple[int, int]) -> np.ndarray:
    """uint8 (height, width, 3) RGB, upright, resized with the whole picture kept."""
    from PIL import Image

    from .pictures import read_picture

    small = read_picture(content).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8)
