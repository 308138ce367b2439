"""The shared fixtures on vectors and maps."""

from tests.vectors import add_items, digits, draw, encode, packages, rows_project, weights

__all__ = ["add_items", "digits", "draw", "encode", "packages", "rows_project", "weights"]
