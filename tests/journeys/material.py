"""Small cuts of the real data that the demonstration uses."""

from __future__ import annotations

import os
from pathlib import Path

from webapp.demo import material

PACKAGES = Path(os.environ.get("GRISTMILL_PACKAGES", "var/packages"))


def digits(labeled: int, unlabeled: int) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """A zip with class folders, a zip without labels, and single pictures kept back."""
    files = [f for f in material.read_digits(PACKAGES) if not f[0].startswith("unlabeled/")]
    kept = files[labeled + unlabeled :][:5]
    bare = [(f"scan/{name.split('/')[1]}", content) for name, content in files[labeled : labeled + unlabeled]]
    return material.zip_files(files[:labeled]), material.zip_files(bare), kept


def reviews(rows: int) -> bytes:
    """The first rows of the labeled reviews as CSV."""
    return _head(material.read_reviews(PACKAGES)[0], rows)


def diamonds(rows: int) -> bytes:
    """The first rows of the priced diamonds as CSV."""
    return _head(material.read_diamonds(PACKAGES)[0], rows)


def _head(content: bytes, rows: int) -> bytes:
    return b"".join(content.splitlines(keepends=True)[: rows + 1])
