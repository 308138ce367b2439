"""The body of an upload's piece: raw bytes, never more than one piece."""

from __future__ import annotations

from rest_framework.parsers import BaseParser

from lifecycle.common.errors import DomainError
from lifecycle.datasets.services.uploads import PART_BYTES


class PieceParser(BaseParser):
    media_type = "application/octet-stream"

    def parse(self, stream, media_type=None, parser_context=None) -> bytes:  # type: ignore[override]  # DRF takes any value
        content = stream.read(PART_BYTES + 1)
        if len(content) > PART_BYTES:
            raise DomainError(f"Send at most {PART_BYTES} bytes at once.")
        return content
