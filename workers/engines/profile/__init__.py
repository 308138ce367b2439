"""What is in a dataset: distributions, classes, associations and what looks wrong with a column, as plain numbers."""

from workers.engines.profile.run import run

__all__ = ["run"]
