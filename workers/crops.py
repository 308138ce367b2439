"""Crops and other copies among pictures, found by jobs ahead of a commit: prints where they lack, then the pairs."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TypeVar

from PIL import Image

from lifecycle.common.blobs import BlobStore
from lifecycle.contracts.engine import Canceled
from lifecycle.datasets import services
from lifecycle.datasets.models import Dataset
from workers.engines.ingest.picture_prints import find_candidates, pack_print
from workers.runtime import JobContext

MOST_PRINTS = 1_000  # made on the way of a commit; the clock makes the others
IMPORT_SECONDS = 20.0  # that an import lets people wait for it; what is left is the clock's, or the next commit's

Measure = TypeVar("Measure")


def find_crops(
    context: JobContext,
    dataset: Dataset,
    *,
    most_prints: int = MOST_PRINTS,
    most: int | None = None,
    seconds: float | None = None,
) -> tuple[int, int]:
    """How many pictures were looked at that came without a print, and how many were compared with those before. Raises
    Canceled."""

    def report(fraction: float, message: str) -> None:
        if context.should_stop():
            raise Canceled
        context.report.progress(fraction, message)

    def print_pictures(digests: Sequence[str]) -> list[bytes]:
        return [measure_picture(context.blobs, digest, pack_print) or b"" for digest in digests]

    if dataset.item_kind != "image":
        return 0, 0
    printed = services.fill_picture_prints(
        dataset=dataset, print_pictures=print_pictures, recording=context.recording, report=report, most=most_prints
    )
    search = services.PictureSearch(find_candidates, _compare)
    compared = services.compare_pictures(
        dataset=dataset, search=search, recording=context.recording, report=report, most=most, seconds=seconds
    )
    return printed, compared


def _compare(a: bytes, b: bytes) -> float:
    from workers.engines.ingest.picture_likeness import (
        compare_thumbnails,  # OpenCV: only where there is something to see
    )

    return compare_thumbnails(a, b)


def measure_picture(blobs: BlobStore, digest: str, measure: Callable[[Image.Image], Measure]) -> Measure | None:
    """None for one that cannot be read: the search for faults lists it."""
    try:
        with Image.open(io.BytesIO(blobs.get(digest))) as image:
            image.load()
            return measure(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
