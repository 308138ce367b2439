"""Databases, folders, buckets and uploads in; checked Parquet parts, keys and a quarantine out."""

from workers.engines.collect.preview import preview
from workers.engines.collect.run import run

__all__ = ["preview", "run"]
