"""The body of an upload's piece: raw bytes, never more than one piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from lifecycle.common.errors import DomainError
from lifecycle.datasets.services.uploads import PART_BYTES


class Piece:
    """The bytes of a body, for one reader. A request is part of a ring that Python breaks only now and then, and
    hundreds of bodies of 8 MiB would wait for that."""

    def __init__(self, content: bytes):
        self._content = content

    def take(self) -> bytes:
        """The bytes, which are forgotten here."""
        content, self._content = self._content, b""
        return content


def take_piece(request: Request) -> bytes:
    """The body that came; empty where there was none."""
    return request.data.take() if isinstance(request.data, Piece) else b""


class PieceParser(BaseParser):
    media_type = "application/octet-stream"

    def parse(self, stream, media_type=None, parser_context=None) -> Piece:  # type: ignore[override]  # DRF takes any value
        content = stream.read(PART_BYTES + 1)
        if len(content) > PART_BYTES:
            raise DomainError(f"Send at most {PART_BYTES} bytes at once.")
        if len(content) < _read_length(parser_context):
            raise DomainError("The piece broke off on its way; send it again.")
        return Piece(content)


def _read_length(parser_context: Mapping[str, Any] | None) -> int:
    """How long the client said the piece is; 0 where it did not."""
    said = str(parser_context["request"].META.get("CONTENT_LENGTH") or "") if parser_context else ""
    return int(said) if said.isascii() and said.isdigit() else 0
