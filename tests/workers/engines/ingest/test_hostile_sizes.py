"""Files that unpack to, or claim, very much: refused by name, and memory hardly grows."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile

import pytest
from PIL import Image

from tests.memory import Peak
from tests.workers.engines.ingest.test_hostile_files import bomb_png

MB = 1_000_000
MOST_MB = 100  # over the start; what these unpack to, or claim, is many times more
GOOD = b"a,b\n1,2\n3,4\n"


class Zeros(io.RawIOBase):
    """So many zeros, made as they are read."""

    def __init__(self, size: int):
        self.left = size

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(len(buffer), self.left)
        buffer[:count] = bytes(count)
        self.left -= count
        return count


def zip_bomb(name: str, size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("good.csv", GOOD)
        with archive.open(name, "w", force_zip64=True) as member:
            for _ in range(size // MB):
                member.write(bytes(MB))
    return out.getvalue()


def tar_bomb(name: str, size: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for member, content, length in (("good.csv", io.BytesIO(GOOD), len(GOOD)), (name, Zeros(size), size)):
            info = tarfile.TarInfo(member)
            info.size = length
            archive.addfile(info, content)
    return out.getvalue()


def wide_picture() -> bytes:
    out = io.BytesIO()
    Image.new("L", (30_000, 12_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "name", "make"),
    [
        ("row", "bomb.zip", lambda: zip_bomb("zeros.csv", 600 * MB)),
        ("row", "bomb.tar.gz", lambda: tar_bomb("zeros.csv", 250 * MB)),
        ("text", "bomb.zip", lambda: zip_bomb("zeros.txt", 600 * MB)),
        ("image", "bomb.zip", lambda: zip_bomb("zeros.png", 600 * MB)),
        ("row", "line.csv", lambda: b"a,b\n1," + b"x" * 120 * MB + b"\n3,4\n"),
        ("row", "quote.csv", lambda: b'a,b\n"1,' + b"x\n" * 100_000),
        ("row", "deep.jsonl", lambda: b'{"a": 1}\n{"a": ' + b"[" * 20 * MB + b"\n"),
        ("row", "wide.jsonl", lambda: json.dumps({f"c{n}": n for n in range(500_000)}).encode() + b"\n"),
        ("image", "claims.png", lambda: bomb_png(60_000)),
        ("image", "wide.png", wide_picture),
        ("row", "packed.csv.gz", lambda: gzip.compress(bytes(120 * MB), 1)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_unpacks_to_very_much_takes_little_memory(take_in, kind, name, make):
    content = make()

    with Peak() as peak:
        outcome = take_in(kind, {name: content})

    assert outcome.rejects, "nothing was said of it"
    assert peak.grown_mb < MOST_MB, outcome.reasons[:300]
