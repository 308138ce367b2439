"""Pictures per second out of the loader, beside a minimal ImageFolder-style loader and beside a memory-mapped array."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PICTURES = 20_000
SIDE = 64
CLASSES = 10
BATCH = 128


def make_version(folder: Path, count: int):
    """A version of small PNGs on disk, and the same files in folders by class."""
    from PIL import Image

    from lifecycle.loader import open_files

    rng = np.random.default_rng(0)
    rows = []
    for number in range(count):
        tile = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        out = io.BytesIO()
        Image.fromarray(tile).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(out, "PNG")
        content, label = out.getvalue(), str(number % CLASSES)
        digest = hashlib.sha256(content).hexdigest()
        for path in (folder / "blobs" / digest[:2] / digest, folder / "tree" / label / f"{number}.png"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        rows.append((number, digest, "train", label, digest))
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    nothing = {name: pa.nulls(count, pa.string()) for name in ("text", "row", "group")}
    names = ("item_id", "content_hash", "split", "label", "blob")
    pq.write_table(pa.table(dict(zip(names, columns, strict=True)) | nothing), folder / "manifest.parquet")
    version = open_files(folder / "manifest.parquet", folder / "blobs", classes=[str(n) for n in range(CLASSES)])
    version.scratch = folder / "arrays"
    return version


def read_folders(root: Path) -> Iterator[tuple]:
    """What torchvision's ImageFolder and a DataLoader without workers do, and nothing more."""
    import torch
    from PIL import Image

    files = [(path, place) for place, folder in enumerate(sorted(root.iterdir())) for path in sorted(folder.iterdir())]
    order = np.random.default_rng(1).permutation(len(files))
    for at in range(0, len(order), BATCH):
        pictures, targets = [], []
        for place in order[at : at + BATCH]:
            path, target = files[place]
            with Image.open(path) as picture:
                pictures.append(torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1))
            targets.append(target)
        yield torch.stack(pictures), torch.tensor(targets)


def read_array(images: np.ndarray, targets: np.ndarray) -> Iterator[tuple]:
    """Random batches of one memory-mapped array: the most that any loader of these bytes could do."""
    import torch

    order = np.random.default_rng(1).permutation(len(targets))
    for at in range(0, len(order), BATCH):
        places = order[at : at + BATCH]
        yield torch.from_numpy(images[places]).permute(0, 3, 1, 2), torch.from_numpy(targets[places])


def measure(make: Callable[[], Iterable[tuple]], count: int, runs: int = 3) -> float:
    """The best pictures per second of CPU time of some epochs, since a shared machine blurs any other clock."""
    best = 0.0
    for _ in range(runs):
        start, seen = time.process_time(), 0
        for pictures, _ in make():
            seen += len(pictures)
        if seen != count:
            raise AssertionError(f"{seen} pictures, not {count}")
        best = max(best, count / (time.process_time() - start))
    return best


def main(count: int = PICTURES) -> None:
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="gm-bench-") as home:
        version = make_version(Path(home), count)
        start = time.process_time()
        images, targets = version.arrays("train", size=(SIDE, SIDE))
        first = count / (time.process_time() - start)
        mapped = measure(lambda: read_array(images, targets), count)
        folders = measure(lambda: read_folders(Path(home) / "tree"), count)
        batches = version.batches("train", BATCH, size=(SIDE, SIDE), shuffle=True)
        loader = measure(lambda: batches, count)
    for what, rate in (
        ("ImageFolder-style loader", folders),
        ("loader, first epoch: decode once", first),
        ("loader, later epochs", loader),
    ):
        line = {
            "what": what, "pictures": count, "pictures_per_cpu_s": round(rate), "raw_limit": "memory-mapped array",
            "raw_per_cpu_s": round(mapped), "ratio": round(rate / mapped, 3), "times_folders": round(rate / folders, 1),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
