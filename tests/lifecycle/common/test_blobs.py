"""Blobs on local disk: whole or not there, whoever writes the same thing at the same moment."""

from __future__ import annotations

import ctypes
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from lifecycle.common.blobs import LocalBlobs, shard_path


def list_files(root) -> list[str]:
    return sorted(name for _, _, names in os.walk(root) for name in names)


def test_the_same_content_from_many_threads_is_one_file(tmp_path):
    blobs = LocalBlobs(tmp_path / "not" / "there" / "yet")
    contents = [str(number % 40).encode() * 100 for number in range(400)]

    with ThreadPoolExecutor(16) as pool:
        digests = list(pool.map(blobs.put, contents))

    assert digests == [hashlib.sha256(content).hexdigest() for content in contents]
    assert list_files(blobs.root) == sorted(set(digests))
    assert all(blobs.get(digest) == content for digest, content in zip(digests, contents, strict=True))


def test_a_file_is_stored_like_its_bytes(tmp_path):
    blobs, path = LocalBlobs(tmp_path / "blobs"), tmp_path / "file"
    path.write_bytes(b"x" * 3_000_000)

    assert blobs.put_file(path) == blobs.put(path.read_bytes())
    assert len(list_files(blobs.root)) == 1


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    blobs = LocalBlobs(tmp_path)

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        blobs.put(b"content")

    assert list_files(tmp_path) == []


def test_only_the_owner_of_the_store_reads_its_files(tmp_path):
    blobs = LocalBlobs(tmp_path)

    path = shard_path(tmp_path, blobs.put(b"private"))

    assert path.stat().st_mode & 0o077 == 0


def test_many_at_once_from_many_threads_are_one_file_each(tmp_path):
    blobs = LocalBlobs(tmp_path / "not" / "there" / "yet")
    contents = [str(number % 40).encode() * 100 for number in range(400)]

    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(lambda first: blobs.put_many(contents[first:] + contents[:first]), range(0, 400, 50)))

    expected = [hashlib.sha256(content).hexdigest() for content in contents]
    assert digests == [expected[first:] + expected[:first] for first in range(0, 400, 50)]
    assert list_files(blobs.root) == sorted(set(expected))
    assert blobs.get(expected[7]) == contents[7]
    assert blobs.put_many([]) == []
    assert shard_path(blobs.root, expected[0]).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("has_syncfs", [True, False])
def test_of_many_that_cannot_reach_the_disk_none_is_there(tmp_path, monkeypatch, has_syncfs):
    blobs = LocalBlobs(tmp_path)
    known = blobs.put(b"known")
    opened = os.open

    def refuse(path, flags, *mode):
        if flags == os.O_RDONLY:
            raise OSError(28, "No space left on device")
        return opened(path, flags, *mode)

    if not has_syncfs:
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="No space left"):
        blobs.put_many([b"known", b"one", b"two"])
    monkeypatch.setattr(os, "open", opened)

    assert list_files(tmp_path) == [known]
    assert blobs.put_many([b"one", b"two", b"one"])[::2] == [hashlib.sha256(b"one").hexdigest()] * 2
