"""How API tokens and deployment keys are made and compared: only the SHA-256 of a token is ever stored."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "gm_"


def generate_token() -> str:
    """A new token with 256 bits of entropy; show it once, store `hash_token` of it."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Hex SHA-256. A plain hash is enough: a token is random, so it cannot be guessed from a dictionary."""
    return hashlib.sha256(token.encode()).hexdigest()
