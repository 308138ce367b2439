"""A stream that PyTorch's DataLoader takes for what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import IterableDataset, get_worker_info

from .errors import LoaderError
from .stream import Stream

_TIMES, _EPOCH, _IS_READ = range(3)  # what processes share: how often an epoch was set, which, do workers read


class TorchStream(Stream, IterableDataset):
    """Stream, as an IterableDataset. `set_epoch` reaches workers that live on from epoch to epoch too."""

    def __init__(self, *given: Any, **options: Any):
        super().__init__(*given, **options)
        self._shared = torch.zeros(3, dtype=torch.int64).share_memory_()
        self._heard = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        is_worker = get_worker_info() is not None
        if is_worker and self._heard != int(self._shared[_TIMES]):  # it lived on: what an iteration left half done goes
            self._heard, self.epoch, self.done = int(self._shared[_TIMES]), int(self._shared[_EPOCH]), 0
        self._shared[_IS_READ] = int(is_worker)
        yield from super().__iter__()

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is of this epoch, here and in every worker."""
        super().set_epoch(epoch)
        self._heard += 1
        self._shared[:] = torch.tensor([self._heard, epoch, 0])

    def state_dict(self) -> dict[str, Any]:
        """Where it stands. LoaderError in the middle of an epoch that workers read: they are ahead of what came out."""
        if get_worker_info() is None and self._shared[_IS_READ]:
            raise LoaderError(
                "Worker processes read this stream, and only their copies know how far they are. Ask torchdata's "
                "StatefulDataLoader for its state, take version.batches(…, workers=…), or, at the end of an epoch, "
                "call set_epoch with the next one first."
            )
        return super().state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on there. ValueError when it was taken from other data or another seed."""
        super().load_state_dict(state)
        self._shared[_IS_READ] = 0
