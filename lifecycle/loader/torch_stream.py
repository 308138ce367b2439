"""A stream that PyTorch's DataLoader takes for what it is."""

from torch.utils.data import IterableDataset

from .stream import Stream


class TorchStream(Stream, IterableDataset):
    """Stream, as an IterableDataset."""
