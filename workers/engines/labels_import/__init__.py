"""Labels out of files of other tools: every layout that labels leave in, and its kin."""

from workers.engines.labels_import.regions import build_result
from workers.engines.labels_import.run import detect, read

__all__ = ["build_result", "detect", "read"]
