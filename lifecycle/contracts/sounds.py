"""How a row says which sound is its own: a reference by content, that every door turns into an address it serves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

COLUMN = "audio"  # of an item made from one sound file
FILE_COLUMN = "file"  # what that file was called
MIME_PREFIX = "audio/"
_REFERENCE = re.compile(r"sound:([0-9a-f]{64})", re.ASCII)


def build_reference(digest: str) -> str:
    """What stands in the row's cell for the sound whose bytes have this SHA-256."""
    return f"sound:{digest}"


def read_reference(value: Any) -> str:
    """The digest that a cell refers to; empty where it refers to no sound."""
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""


def find_reference(row: Any) -> str:
    """The digest of the first sound that a row refers to; empty where there is none."""
    if not isinstance(row, Mapping):
        return ""
    return next((digest for value in row.values() if (digest := read_reference(value))), "")


def identify(row: Mapping[str, Any]) -> str:
    """The sound's digest where a row says nothing else: the same sound under two names is one item."""
    said = {read_reference(value) for name, value in row.items() if name != FILE_COLUMN}
    return said.pop() if len(said) == 1 else ""


def replace_references(row: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The row, or an object with the row in it, with an address in place of references."""
    return _map(row, lambda value: address if read_reference(value) else value)


def put_references(row: Mapping[str, Any], address: str, digest: str) -> dict[str, Any]:
    """The other way round: a reference in place of the address."""
    return _map(row, lambda value: build_reference(digest) if value == address else value)


def _map(row: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: _map(value, change) if isinstance(value, Mapping) else change(value) for name, value in row.items()}


def is_sound(mime: str | None) -> bool:
    """Whether a stored file of this type is a sound."""
    return (mime or "").startswith(MIME_PREFIX)
