"""The certificate authority that a database server must be vouched for by."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Authority:
    """`pem` as it was given, and `path` of a file with the same text: one driver wants this, one that."""

    pem: str
    path: str

    def as_postgres(self, mode: str) -> dict[str, Any]:
        """Arguments of libpq; `mode` is what the URL says, and may leave out the name but not the authority."""
        return {"sslrootcert": self.path, "sslmode": mode if mode == "verify-ca" else "verify-full"}

    def as_context(self, host: str) -> ssl.SSLContext:
        """For PyMySQL, which connects to an address and must look for the name `host` all the same."""
        context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
        context.host = host
        context.load_verify_locations(cadata=self.pem)
        return context


class _NamedContext(ssl.SSLContext):
    host = ""

    def wrap_socket(self, *args, **more):
        return super().wrap_socket(*args, **{**more, "server_hostname": self.host})
