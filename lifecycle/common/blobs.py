"""Files addressed by the SHA-256 of their content, on local disk or in an S3 bucket; knows no Django."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from os.path import exists
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

CHUNK_BYTES = 1 << 20


class BlobStore(Protocol):
    """Where bytes live. Writing the same content twice is a no-op; a blob, once written, never changes."""

    def put(self, content: bytes) -> str:
        """Store bytes; returns their hex SHA-256. Durable (fsynced) when it returns."""

    def put_file(self, path: str | Path) -> str:
        """Store a file's content without holding it in memory; returns its hex SHA-256."""

    def get(self, digest: str) -> bytes:
        """The content; FileNotFoundError when there is none."""

    def open(self, digest: str) -> BinaryIO:
        """A readable stream of the content; FileNotFoundError when there is none."""

    def exists(self, digest: str) -> bool: ...

    def fetch(self, digest: str, folder: str | Path) -> Path:
        """A local path of the content, laid out as `shard_path` under `folder` where it must be downloaded."""

    def check(self) -> None:
        """Raises OSError when the store cannot be reached or written."""


def shard_path(root: str | Path, digest: str) -> Path:
    """``root/aa/<digest>``, where a blob is written: of a million of them a folder holds four thousand."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise FileNotFoundError(f"not a blob name: {digest!r}")
    return Path(root) / digest[:2] / digest


def find_path(root: str | Path, digest: str) -> Path:
    """Where a blob lies, or would be written: stores of before decision 019 have ``root/aa/bb/<digest>`` as well."""
    path = shard_path(root, digest)
    if not path.exists() and (older := path.parent / digest[2:4] / digest).exists():
        return older
    return path


class LocalBlobs:
    """Blobs as files under one folder."""

    def __init__(self, root: str | Path):
        self.root = Path(root)

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        target = find_path(self.root, digest)
        if not target.exists():
            self._write(target, lambda out: out.write(content))
        return digest

    def put_file(self, path: str | Path) -> str:
        with open(path, "rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
            target = find_path(self.root, digest)
            if not target.exists():
                source.seek(0)
                self._write(target, lambda out: shutil.copyfileobj(source, out, CHUNK_BYTES))
        return digest

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """`put` for many small files: the file system is flushed once for all of them, where it can be."""
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        written: dict[str, str] = {}
        try:
            for digest, content in zip(digests, contents, strict=True):
                folder = f"{self.root}/{digest[:2]}"  # as find_path, without its cost: half of what a small file takes
                target = f"{folder}/{digest}"
                if target not in written and not exists(target) and not exists(f"{folder}/{digest[2:4]}/{digest}"):
                    written[target] = f"{folder}/.part-{uuid4().hex}"
                    _write_unflushed(written[target], content)
            _flush(self.root, list(written.values()))
            for target, temporary in written.items():
                os.replace(temporary, target)
            _flush(self.root, list({os.path.dirname(target) for target in written}))
        except BaseException:
            for temporary in written.values():
                Path(temporary).unlink(missing_ok=True)
            raise
        return digests

    def get(self, digest: str) -> bytes:
        return find_path(self.root, digest).read_bytes()

    def open(self, digest: str) -> BinaryIO:
        return open(find_path(self.root, digest), "rb")

    def exists(self, digest: str) -> bool:
        return find_path(self.root, digest).exists()

    def fetch(self, digest: str, folder: str | Path) -> Path:
        path = find_path(self.root, digest)
        if not path.exists():
            raise FileNotFoundError(digest)
        return path

    def check(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.root) as probe:
            probe.write(b"ok")

    def _write(self, target: Path, write) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as out:
                write(out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(temporary, target)
            _fsync(target.parent)  # the name too
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _fsync(path: str | Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_unflushed(path: str, content: bytes) -> None:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        handle = os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle = os.open(path, flags, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)


def _flush(folder: Path, paths: Sequence[str]) -> None:
    """Have these files or names of one file system reach the disk. Linux only has a call for all at once."""
    flush_all = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if not flush_all:
        for path in paths:
            _fsync(path)
    elif paths:
        handle = os.open(folder, os.O_RDONLY)
        try:
            if flush_all(handle) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
        finally:
            os.close(handle)


class S3Blobs:
    """Blobs as objects ``<prefix>/aa/bb/<digest>`` of one bucket; credentials come from the usual AWS variables.

    What boto3 raises comes as OSError, as of a disk: whoever stores may try again later, whichever store it is.
    """

    def __init__(self, bucket: str, prefix: str = "", endpoint_url: str | None = None):
        import boto3  # 0.3 s to import, and only where S3 is in use

        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self.client = boto3.client("s3", endpoint_url=endpoint_url)

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if not self.exists(digest):
            with self._errors_of_a_disk():
                self.client.put_object(Bucket=self.bucket, Key=self._key(digest), Body=content)
        return digest

    def put_file(self, path: str | Path) -> str:
        with open(path, "rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        if not self.exists(digest):
            with self._errors_of_a_disk():
                self.client.upload_file(str(path), self.bucket, self._key(digest))
        return digest

    def get(self, digest: str) -> bytes:
        with self._errors_of_a_disk(), self.open(digest) as source:
            return source.read()

    def open(self, digest: str) -> BinaryIO:
        with self._errors_of_a_disk():
            try:
                return self.client.get_object(Bucket=self.bucket, Key=self._key(digest))["Body"]
            except self.client.exceptions.NoSuchKey:
                raise FileNotFoundError(digest) from None

    def exists(self, digest: str) -> bool:
        with self._errors_of_a_disk():
            try:
                self.client.head_object(Bucket=self.bucket, Key=self._key(digest))
            except self.client.exceptions.ClientError as error:
                if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                    return False
                raise
        return True

    def fetch(self, digest: str, folder: str | Path) -> Path:
        target = find_path(folder, digest)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with self.open(digest) as source:
                handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
                try:
                    with os.fdopen(handle, "wb") as out, self._errors_of_a_disk():
                        shutil.copyfileobj(source, out, CHUNK_BYTES)
                    os.replace(temporary, target)
                except BaseException:
                    Path(temporary).unlink(missing_ok=True)
                    raise
        return target

    def check(self) -> None:
        with self._errors_of_a_disk():
            self.client.head_bucket(Bucket=self.bucket)

    @contextmanager
    def _errors_of_a_disk(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise OSError(f"The bucket {self.bucket} cannot be reached or used: {error}") from error

    def _key(self, digest: str) -> str:
        folder = shard_path(self.prefix, digest).parent
        return (folder / digest[2:4] / digest).as_posix()


@cache
def open_blobs(url: str) -> BlobStore:
    """The store behind a STORAGE_URL: ``file:///path``, a plain path, or ``s3://bucket/prefix?endpoint=https://…``."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        endpoint = parse_qs(parts.query).get("endpoint", [None])[0]
        return S3Blobs(parts.netloc, parts.path, endpoint)
    if parts.scheme in {"", "file"}:
        return LocalBlobs(parts.path)
    raise ValueError(f"STORAGE_URL must start with file:// or s3://, not {parts.scheme}://")
