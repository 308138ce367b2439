"""The content hash of an item: same content, same hash; the label is no part of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson

from workers.engines.ingest.errors import Refused


def encode_row(row: Mapping[str, object]) -> bytes:
    """Canonical JSON of a row: keys sorted, missing cells left out by the caller. Refused for what JSON cannot hold."""
    try:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError) as error:
        if "surrogate" in str(error):
            raise Refused("the row holds bytes that are not valid in the file's encoding") from None
        raise Refused(f"the row cannot be stored: {error}") from None


def compute_hash(content: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(content).hexdigest()
