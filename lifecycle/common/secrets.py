"""Passwords and keys that a source needs: encrypted at rest with the installation's secret key, never shown again."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from lifecycle.common.errors import DomainError

PURPOSE = b"gristmill source secrets"
HIDDEN = "•••"
SHORTEST_REDACTED = 3  # hiding every "a" of a text because a password is "a" would hide nothing and garble all


class LostKey(DomainError):
    """The secrets were encrypted with another key than the one this installation has now."""

    code = "lost_key"


def encrypt(values: Mapping[str, str]) -> str:
    """An opaque text that only this installation can read; "" for nothing."""
    if not values:
        return ""
    return _open_box().encrypt(json.dumps(dict(values)).encode()).decode()


def decrypt(token: str) -> dict[str, str]:
    """What `encrypt` was given. Raises LostKey when no key of this installation fits."""
    if not token:
        return {}
    try:
        return json.loads(_open_box().decrypt(token.encode()))
    except InvalidToken:
        raise LostKey(
            "The saved secrets cannot be read: GRISTMILL_SECRET_KEY has changed since. Enter them again, "
            "or name the old key in GRISTMILL_OLD_SECRET_KEYS."
        ) from None


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret in it hidden: for logs and errors of libraries that quote what they were given."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST_REDACTED:
            text = text.replace(secret, HIDDEN)
    return text


def _open_box() -> MultiFernet:
    """Encrypts with the key of now, reads with the old ones too."""
    return MultiFernet([Fernet(_derive(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derive(key: str | bytes) -> bytes:
    """A key for this purpose alone, so that a signed session tells nothing about it."""
    return base64.urlsafe_b64encode(
        HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(key.encode() if isinstance(key, str) else key)
    )
