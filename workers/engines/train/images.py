"""Image files to tensors for training, through the artifact's own decoding."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifecycle.contracts.engine import Canceled
from lifecycle.loader import CorruptedData
from lifecycle.loader.cache import read_checked
from workers.engines.artifact import BadInput
from workers.engines.artifact.images import decode_image, to_array
from workers.engines.train.context import TrainContext
from workers.engines.train.data import Examples, Split, replace_splits

CHUNK = 256


def load_pixels(split: Split, operation: Mapping[str, Any], context: TrainContext) -> tuple[np.ndarray, Split]:
    """uint8 [n, channels, height, width] of the readable images, and the split without the others.

    Each file is hashed as it is read: once a training, as the epochs go over what was decoded.
    """
    height, width = operation["size"]

    def load(path: Path) -> np.ndarray | None:
        try:
            return to_array(decode_image(read_checked(path), target=(height, width)).pixels, operation)
        except BadInput as error:
            context.log(f"Left out the image {path.name[:12]}…: {error}", "warning")
        except CorruptedData:
            context.log(f"Left out the image {path.name[:12]}…: its file changed since it was stored.", "warning")
        return None

    pixels = np.empty((len(split), operation["channels"], height, width), dtype=np.uint8)
    kept: list[int] = []
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for start in range(0, len(split), CHUNK):
            if context.should_stop():
                raise Canceled
            for offset, array in enumerate(pool.map(load, split.items[start : start + CHUNK])):
                if array is not None:
                    pixels[len(kept)] = array
                    kept.append(start + offset)
    if len(kept) == len(split):
        return pixels, split
    return pixels[: len(kept)], split.take(kept)


def load_image_sets(context: TrainContext, operation: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor, Examples]:
    """Training and validation pixels, and the examples that could be read; raises TrainingRefused."""
    context.report.progress(0.01, "Reading the images")
    train, train_split = load_pixels(context.examples.train, operation, context)
    validation, validation_split = load_pixels(context.examples.validation, operation, context)
    examples = context.examples
    if train_split is not examples.train or validation_split is not examples.validation:
        examples = replace_splits(examples, train_split, validation_split, context.log)
    return torch.from_numpy(train), torch.from_numpy(validation), examples


def drop_unreadable(context: TrainContext) -> Examples:
    """The examples whose image files can be decoded, checked at a small size; raises TrainingRefused."""
    small = {"size": (16, 16), "channels": 1}
    _, _, examples = load_image_sets(context, small)
    return examples
