"""A dataset version in the layout of another tool, as one file; memory stays flat."""

from workers.engines.export.run import run

__all__ = ["run"]
