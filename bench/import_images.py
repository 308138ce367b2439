"""20,000 small pictures in a zip into checked, stored, labeled items, beside copying and hashing the same files."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from bench import _product

IMAGES = 20_000


def write_pictures(folder: Path, archive: Path, count: int) -> None:
    """Drawn strokes of 28 × 28 pixels in ten classes, as files and as a zip of class folders."""
    rng = np.random.default_rng(3)
    with zipfile.ZipFile(archive, "w") as out:
        for i in range(count):
            canvas = np.zeros((28, 28), np.uint8)
            for x, y in rng.integers(3, 24, (5, 2)):
                canvas[x : x + 3, y : y + 3] = rng.integers(90, 255)
            content = io.BytesIO()
            Image.fromarray(canvas).save(content, "PNG")
            name = f"{i % 10}/{i:06}.png"
            (folder / str(i % 10)).mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content.getvalue())
            out.writestr(name, content.getvalue())


def copy_and_hash(folder: Path, target: Path) -> float:
    """Seconds to copy every file and hash it, one fsync for all at the end."""
    start = time.perf_counter()
    for path in folder.rglob("*.png"):
        place = target / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        with open(place, "rb") as copied:
            hashlib.file_digest(copied, "sha256")
    os.sync()
    return time.perf_counter() - start


def main(count: int = IMAGES) -> None:
    home = _product.start()
    project, owner = _product.make_project("image_classification")
    archive = home / "pictures.zip"
    write_pictures(home / "files", archive, count)
    bare = copy_and_hash(home / "files", home / "copied")
    base = _product.peak_megabytes()
    start = time.perf_counter()
    collection = _product.import_file(project, owner, archive)
    seconds = time.perf_counter() - start
    report = {
        "what": "import pictures from a zip",
        "images": count,
        "new": collection.accepted,
        "seconds": round(seconds, 2),
        "images_per_s": round(count / seconds),
        "raw_limit": "cp + sha256",
        "raw_seconds": round(bare, 2),
        "ratio": round(seconds / bare, 1),
        "peak_mb": round(_product.peak_megabytes()),
        "mb_before": round(base),
        "mb_over_start": round(_product.peak_megabytes() - base),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
