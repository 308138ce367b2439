"""A version's labeled items as a map-style PyTorch dataset that can answer for many places at once."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from . import targets
from .collating import collate, collate_inputs, collate_targets

if TYPE_CHECKING:
    from .version import LoadedVersion

Size = tuple[int, int]


class TorchItems(torch.utils.data.Dataset):
    """(input, target) by place. Pictures with a `size` come out of one memory-mapped array.

    A target is, by `target` (left out: by what the project asks for):
    `class`: the index in `classes`, int; `number`: float; `multi_hot`: float32 (classes,); `text`: the label as it is;
    `boxes`: {"boxes": float32 (n, 4) as left, top, right, bottom in pixels of the picture that is handed out,
    "labels": int64 (n,)}; `spans`: {"spans": int64 (n, 2), first character and the one after the last, "labels"}.
    Give a DataLoader `collate_fn=items.collate`.
    """

    collate = staticmethod(collate)

    def __init__(
        self,
        version: LoadedVersion,
        split: str | None,
        *,
        size: Size | None = None,
        transform: Callable | None = None,
        target: str | None = None,
    ):
        self.version, self.size, self.transform = version, size, transform
        self.target = targets.check_kind(target) if target else version.target_kind
        self.classes = version.list_class_names()
        table, self.targets = version.read_targets(split, self.target)
        self.kind = version.item_kind
        column = {"image": "blob", "text": "text", "row": "row"}[self.kind]
        self.contents = table[column].combine_chunks()
        self.files = table["blob"].combine_chunks()
        self._regions = targets.list_results(table) if self.targets is None else ()
        self._sizes = [table[name].to_pylist() for name in ("height", "width")] if self.target == targets.BOXES else []
        self._places = version.locate_files(table)
        self._images: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.contents)

    def __getitem__(self, place: int) -> tuple[Any, Any]:
        return self._transform(self._read(place)), self._read_target(place)

    def __getitems__(self, places: Sequence[int]) -> list[tuple[Any, Any]]:
        """What DataLoader asks for: all items of a batch, so that their files come in one request."""
        self.fetch(places)
        return [self[place] for place in places]

    def get_batch(self, places: Sequence[int] | np.ndarray) -> tuple[Any, Any]:
        """(inputs, targets) of many places; uint8 (n, 3, height, width) for pictures with a size. What differs in shape
        from item to item is a list."""
        wanted = np.asarray(places)
        found = self._batch_targets(wanted)
        if self.kind == "image" and self.size and self.transform is None:
            return torch.from_numpy(self.images[wanted]).permute(0, 3, 1, 2), found
        self.fetch(wanted)
        return collate_inputs([self._transform(self._read(int(place))) for place in wanted]), found

    def _batch_targets(self, places: np.ndarray) -> Any:
        if isinstance(self.targets, np.ndarray):
            return torch.from_numpy(self.targets[places])
        return collate_targets([self._read_target(int(place)) for place in places])

    def fetch(self, places: Sequence[int] | np.ndarray) -> None:
        """Have the files of these items here, in as few requests as it takes."""
        is_decoded = self.kind == "image" and self.size
        if self._places is not None and not self.version.is_whole and not is_decoded:
            self.version.fetch(self._places, places)

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
            from .pictures import read_picture

            return read_picture(self.version.read(content))
        if self.kind == "text":
            return content
        sound = self.files[int(place)].as_py()
        row = json.loads(content)
        return {"row": row, "sound": self.version.read(sound)} if sound else row

    def _read_target(self, place: int) -> Any:
        if self.targets is not None:
            found = self.targets[place]
            if isinstance(found, np.ndarray):
                return torch.from_numpy(found.copy())
            return found.item() if isinstance(found, np.generic) else found
        ids = {name: number for number, name in enumerate(self.classes)}
        if self.target == targets.SPANS:
            where, labels = targets.read_spans(self._regions[place], ids)
            return {"spans": torch.from_numpy(where.copy()), "labels": torch.from_numpy(labels.copy())}
        boxes, labels = targets.read_boxes(self._regions[place], ids, self._measure(place))
        return {"boxes": torch.from_numpy(boxes), "labels": torch.from_numpy(labels)}

    def _measure(self, place: int) -> Size:
        """(height, width) of the picture as it is handed out."""
        if self.size is not None:
            return self.size
        height, width = (sizes[place] for sizes in self._sizes)
        if height and width:
            return height, width
        from PIL import Image

        with Image.open(io.BytesIO(self.version.read(self.contents[place].as_py()))) as picture:
            return picture.height, picture.width
