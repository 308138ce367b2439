"""Pictures in the cells of a database: which cell is one, and rows with their pictures taken out of them."""

from __future__ import annotations

from collections.abc import Sequence

MAGICS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*")


def read_bytes(cell: object) -> bytes | None:
    """What drivers give for BLOB, bytea and VARBINARY; None for anything else."""
    return bytes(cell) if isinstance(cell, (bytes, bytearray, memoryview)) else None


def is_picture(cell: object) -> bool:
    """By its first bytes; only decoding says whether it is whole."""
    content = read_bytes(cell)
    if content is None:
        return False
    return content.startswith(MAGICS) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")


def take_out(rows: Sequence[tuple], place: int) -> tuple[list[tuple], list[bytes | None]]:
    """(the rows without that column, the pictures that stood in it)."""
    return [(*cells[:place], *cells[place + 1 :]) for cells in rows], [cells[place] for cells in rows]


def describe(content: object) -> str:
    """What a look shows in the place of a picture."""
    return f"{len(content):,} bytes" if isinstance(content, bytes) else ""
