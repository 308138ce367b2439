"""One reading of all pictures: what copies are recognized by, small features, and what cannot be seen in them."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lifecycle.contracts.profile import FindingKind, FoundItem
from workers.engines.findings import features
from workers.engines.findings.image_twins import compute_print
from workers.engines.findings.loading import Look
from workers.engines.findings.twins import Pair, pair_equal
from workers.engines.ingest.picture_prints import Print
from workers.engines.profile.pictures import find_blob, read_gray

SIDE = 256
CHUNK = 256
READERS = 2
BLANK = 0.01  # contrast
DARK, BRIGHT = 0.12, 0.93  # what 99 % of a dark picture is below, and of a bright one above
BLURRED = 3.5  # robust standard deviations below the usual detail (Iglewicz & Hoaglin 1993)
LEAST_SPREAD = 0.25  # of the logarithm of detail: sets of pictures that are all alike have less
LEAST_COMPARED = 20


@dataclass(frozen=True)
class Picture:
    """One picture read; None where it cannot be."""

    digest: str | None = None  # of its pixels at SIDE
    print: Print | None = None
    gradients: np.ndarray | None = None
    dark: float = 0.0  # gray, 0..1: 1 % of it is darker
    bright: float = 0.0  # 1 % of it is brighter
    contrast: float = 0.0
    detail: float = 0.0  # variance of the Laplacian by that of gray: blur takes it away, contrast does not count
    longest: int = 0


@dataclass(frozen=True)
class Read:
    pictures: list[Picture]
    paths: list[Path]

    @property
    def prints(self) -> list[Print | None]:
        return [picture.print for picture in self.pictures]

    @property
    def is_readable(self) -> np.ndarray:
        return np.array([picture.digest is not None for picture in self.pictures])


def read_all(look: Look) -> Read:
    """Every picture once, two at a time."""
    paths = [find_blob(look.spec.dataset.blob_dir, digest) for digest in look.items.contents]
    found: list[Picture] = []
    with ThreadPoolExecutor(READERS) as pool:
        for start in range(0, len(paths), CHUNK):
            look.check()
            look.report.progress(0.05 + 0.35 * start / len(paths), f"Read {start:,} of {len(paths):,} pictures")
            found += pool.map(read_picture, paths[start : start + CHUNK])
    return Read(found, paths)


def read_picture(path: Path) -> Picture:
    """An empty Picture for a file that is missing or cannot be read."""
    try:
        gray, _ = read_gray(path.read_bytes(), SIDE)
    except (OSError, ValueError, SyntaxError):
        return Picture()
    light = gray / 255.0
    digest = hashlib.sha256(gray.tobytes() + repr(gray.shape).encode()).hexdigest()
    return Picture(
        digest,
        compute_print(gray),
        features.encode_gradients(gray),
        float(np.percentile(light, 1)),
        float(np.percentile(light, 99)),
        float(light.std()),
        _measure_detail(gray),
        max(gray.shape),
    )


def find_equal(read: Read) -> list[Pair]:
    return pair_equal([picture.digest for picture in read.pictures], "The same pixels")


def encode(look: Look, read: Read) -> np.ndarray:
    """Gradients for small pictures or where no network is installed, else what MobileNetV2 sees."""
    sides = [picture.longest for picture in read.pictures if picture.longest]
    is_tiny = not sides or np.median(sides) <= features.TINY
    if not is_tiny and features.has_network(look.spec.weights_dir):

        def check(share: float) -> None:
            look.check()
            look.report.progress(0.6 + 0.2 * share, "Looking at the pictures with the pretrained network")

        return features.encode_pictures(read.paths, look.spec.weights_dir, check)
    size = next((len(p.gradients) for p in read.pictures if p.gradients is not None), 1)
    return np.stack([p.gradients if p.gradients is not None else np.zeros(size, np.float32) for p in read.pictures])


def _measure_detail(gray: np.ndarray) -> float:
    return float(cv2.Laplacian(gray, cv2.CV_64F).var()) / max(float(gray.var()), 1e-9)


def find_blurred(look: Look, read: Read) -> list[FoundItem]:
    """Pictures with far less detail than is usual among these, the most blurred first."""
    places = [n for n, one in enumerate(read.pictures) if one.digest is not None and one.contrast >= BLANK]
    if len(places) < LEAST_COMPARED:
        look.notes[FindingKind.BLURRED] = f"Needs at least {LEAST_COMPARED} pictures to say what is usual."
        return []
    detail = np.array([max(read.pictures[n].detail, 1e-9) for n in places])
    usual = float(np.median(detail))
    distances = np.log(usual) - np.log(detail)
    spread = max(float(np.median(np.abs(distances))) / 0.6745, LEAST_SPREAD)
    return [
        FoundItem(
            FindingKind.BLURRED,
            int(look.items.ids[places[n]]),
            round(float(1 - detail[n] / usual), 4),
            f"Blurred: {usual / detail[n]:,.0f} times less fine detail than is usual here "
            f"({detail[n]:.2g}, usual is {usual:.2g})",
        )
        for n in np.argsort(-distances, kind="stable")
        if distances[n] > BLURRED * spread
    ]


def find_damaged(look: Look, read: Read) -> list[FoundItem]:
    """Pictures that cannot be read or show nothing."""
    found = []
    for item_id, picture in zip(look.items.ids, read.pictures, strict=True):
        if picture.digest is None:
            score, reason = 1.0, "The file cannot be read to its end"
        elif picture.contrast < BLANK:
            score, reason = 0.9, "One even area: nothing is to be seen"
        elif picture.bright < DARK:
            score = round(0.8 - picture.bright, 4)
            reason = f"Nearly black: 99 % of it is darker than {picture.bright:.0%} of white"
        elif picture.dark > BRIGHT:
            score = round(0.8 - (1 - picture.dark), 4)
            reason = f"Nearly white: 99 % of it is brighter than {picture.dark:.0%} of white"
        else:
            continue
        found.append(FoundItem(FindingKind.DAMAGED, int(item_id), score, reason))
    return sorted(found, key=lambda f: (-f.score, f.item_id))
