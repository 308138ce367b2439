"""A project's labels in the layout of another tool, as one file; memory stays flat."""

from workers.engines.labels_export.run import run

__all__ = ["run"]
