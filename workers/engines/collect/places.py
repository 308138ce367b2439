"""Paths on the server that the operator allows: nothing above them, no links out of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workers.engines.collect.errors import SourceError


def check_inside(text: str, roots: Sequence[str], what: str) -> Path:
    """The real path of `text`, which lies in one of the roots. Raises SourceError otherwise, also for links that lead
    out; the message is the same whether the path exists or not."""
    if not roots:
        raise SourceError(
            f"No {what} on the server may be read yet. The operator can allow folders with GRISTMILL_SOURCE_FOLDERS."
        )
    if not text.startswith("/") or "\0" in text:
        raise SourceError(f"Give the whole path of the {what}, starting with /.")
    path = Path(text).resolve()
    if not any(path.is_relative_to(Path(root).resolve()) for root in roots):
        raise SourceError(
            f"{text} is not in a folder that the operator allows (GRISTMILL_SOURCE_FOLDERS: {', '.join(roots)})."
        )
    return path
