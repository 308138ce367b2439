"""Local copies of what a task's engine reads: blobs under the names an artifact or checkpoint gives them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from lifecycle.common.blobs import BlobStore


def fetch_files(files: Mapping[str, str], folder: Path, *, blobs: BlobStore, cache: Path) -> Path:
    """Lay out {relative name: blob} under `folder`, emptied first; blobs are downloaded into `cache` where needed."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, blob in files.items():
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"The file name {name!r} leads out of its folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blobs.fetch(blob, cache), target)
    return folder
