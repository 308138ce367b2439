"""Load a Gristmill dataset version into PyTorch, pandas or Arrow; knows no Django and nothing else of Gristmill."""

from .errors import CorruptedData, LoaderError, NotReachable
from .opening import load, open_files
from .version import LoadedVersion

__all__ = ["CorruptedData", "LoadedVersion", "LoaderError", "NotReachable", "load", "open_files"]
