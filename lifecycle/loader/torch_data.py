"""A version's labeled items as a map-style PyTorch dataset that can answer for many places at once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from .version import LoadedVersion


class TorchItems(torch.utils.data.Dataset):
    """(input, target) by place. Pictures with a `size` come out of one memory-mapped array."""

    def __init__(
        self, version: LoadedVersion, split: str | None, *, size: tuple[int, int] | None, transform: Callable | None
    ):
        self.version, self.size, self.transform = version, size, transform
        table, self.targets = version.labeled(split)
        self.kind = version.item_kind
        column = {"image": "blob", "text": "text", "row": "row"}[self.kind]
        self.contents = table[column].combine_chunks()
        self._images: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, place: int) -> tuple[Any, int | float]:
        return self._transform(self._read(place)), self.targets[place].item()

    def get_batch(self, places: Sequence[int] | np.ndarray) -> tuple[Any, torch.Tensor]:
        """(inputs, targets) of many places; uint8 (n, 3, height, width) for pictures with a size."""
        targets = torch.from_numpy(self.targets[np.asarray(places)])
        if self.kind == "image" and self.size and self.transform is None:
            return torch.from_numpy(self.images[np.asarray(places)]).permute(0, 3, 1, 2), targets
        found = [self._transform(self._read(place)) for place in places]
        return (torch.stack(found) if found and isinstance(found[0], torch.Tensor) else found), targets

    @property
    def images(self) -> np.ndarray:
        """uint8 (n, height, width, 3), opened on first use: each worker process maps it for itself."""
        if self.size is None:
            raise ValueError("Pictures have no common size: ask for the dataset with size=(height, width).")
        if self._images is None:
            from .arrays import open_arrays

            self._images = np.asarray(open_arrays(self.version, self.contents.to_pylist(), self.size))
        return self._images

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_images": None}

    def _transform(self, content: Any) -> Any:
        return self.transform(content) if self.transform else content

    def _read(self, place: int) -> Any:
        if self.kind == "image" and self.size:
            return torch.from_numpy(self.images[place].copy()).permute(2, 0, 1)
        content = self.contents[int(place)].as_py()
        if self.kind == "image":
            from PIL import Image

            return Image.open(io.BytesIO(self.version.read(content))).convert("RGB")
        return content if self.kind == "text" else json.loads(content)
