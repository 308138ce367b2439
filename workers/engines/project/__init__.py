"""Vectors to maps: a layout on a plane, and the clusters a person would see in it."""

from workers.engines.project.run import run

__all__ = ["run"]
