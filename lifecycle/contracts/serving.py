"""What the domain and the inference server agree on: targets of a release, the wake-up channel, calls from the web."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CHANNEL = "gristmill_deployments"  # NOTIFY on it makes the inference server look at once
CALL_PREFIX = "gmc_"
CALL_SECONDS = 60


@dataclass(frozen=True)
class Target:
    """One model version behind a release, with all that is needed to load it."""

    model_version_id: int
    version: int  # number within its model, the version of the Open Inference Protocol
    label: str  # "name v3", what answers carry as model_version
    artifact_hash: str
    files: Mapping[str, str]  # {file name: blob}
    share: float = 1.0
    role: str = "live"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "files": dict(self.files)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Target:
        """Raises KeyError or TypeError for anything else than what `to_json` wrote."""
        return cls(
            model_version_id=raw["model_version_id"],
            version=raw["version"],
            label=raw["label"],
            artifact_hash=raw["artifact_hash"],
            files=raw["files"],
            share=raw.get("share", 1.0),
            role=raw.get("role", "live"),
        )


def sign_call(secret: str, slug: str, *, now: float | None = None) -> str:
    """A bearer token with which the web process may call one deployment for the next minute."""
    expires = str(int((time.time() if now is None else now) + CALL_SECONDS))
    return f"{CALL_PREFIX}{expires}.{_compute_signature(secret, slug, expires)}"


def is_signed_call(secret: str, slug: str, token: str, *, now: float | None = None) -> bool:
    """Whether `sign_call` made this token for this deployment less than a minute ago."""
    expires, _, signature = token.removeprefix(CALL_PREFIX).partition(".")
    if not expires.isdecimal() or len(expires) > 12 or int(expires) < (time.time() if now is None else now):
        return False
    return hmac.compare_digest(signature.encode(), _compute_signature(secret, slug, expires).encode())


def _compute_signature(secret: str, slug: str, expires: str) -> str:
    return hmac.new(secret.encode(), f"serving-call:{slug}:{expires}".encode(), hashlib.sha256).hexdigest()
