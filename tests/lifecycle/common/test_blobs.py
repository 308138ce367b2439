"""Blobs on local disk: whole or not there, whoever writes the same thing at the same moment."""

from __future__ import annotations

import ctypes
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from lifecycle.common.blobs import LocalBlobs, shard_path
from lifecycle.loader.cache import ContentFolder


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


def test_what_an_older_store_holds_one_folder_deeper_is_found_and_not_written_again(tmp_path):
    blobs, older, newer = LocalBlobs(tmp_path), [b"one", b"two"], [b"three", b"four"]
    digests = [hashlib.sha256(content).hexdigest() for content in older]
    for digest, content in zip(digests, older, strict=True):
        path = tmp_path / digest[:2] / digest[2:4] / digest
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (source := tmp_path / "source").write_bytes(b"one")

    assert blobs.put(b"one") == blobs.put_file(source) == digests[0]
    assert blobs.put_many([*older, *newer])[:2] == digests

    names = list_files(tmp_path)
    assert len(names) == len(set(names)) == 5  # the two, the two new ones, and the source
    assert [blobs.get(digest) for digest in digests] == older
    with blobs.open(digests[1]) as stream:
        assert stream.read() == b"two"
    assert blobs.exists(digests[0]) and blobs.fetch(digests[0], tmp_path / "else").read_bytes() == b"one"
    content = ContentFolder(tmp_path)
    assert content.has(digests[0], 3) and content.read(digests[1]) == b"two" and content.is_sound(digests[0])
    assert content.read(hashlib.sha256(b"three").hexdigest()) == b"three"


def test_the_names_of_what_was_stored_reach_the_disk_too(tmp_path, monkeypatch):
    """A file whose name was not flushed is gone after a power cut, though rows in Postgres speak of it."""
    flushed, sync = [], os.fsync

    def note(handle):
        flushed.append(os.readlink(f"/proc/self/fd/{handle}"))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    digest = LocalBlobs(tmp_path).put(b"content")
    assert flushed[-1] == str(shard_path(tmp_path, digest).parent)

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())  # no syncfs here
    digests = LocalBlobs(tmp_path).put_many([b"one", b"two"])
    assert set(flushed[-2:]) == {str(shard_path(tmp_path, one).parent) for one in digests}
