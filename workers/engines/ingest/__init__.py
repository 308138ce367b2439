"""Uploaded files in, Parquet parts of clean items and a list of what was set aside out."""

from workers.engines.ingest.preview import inspect
from workers.engines.ingest.run import run

__all__ = ["inspect", "run"]
