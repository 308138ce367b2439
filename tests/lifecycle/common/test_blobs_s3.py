"""Blobs in a bucket: moto's server answers as S3 does."""

from __future__ import annotations

import hashlib
import os

import boto3
import pytest
from moto.server import ThreadedMotoServer

from lifecycle.common.blobs import S3Blobs, open_blobs


@pytest.fixture
def endpoint(monkeypatch):
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=url).create_bucket(Bucket="store")
    yield url
    server.stop()


def list_keys(blobs: S3Blobs) -> list[str]:
    return [found["Key"] for found in blobs.client.list_objects_v2(Bucket=blobs.bucket).get("Contents", [])]


def test_a_bucket_holds_each_content_once_under_its_hash(endpoint, tmp_path):
    blobs = open_blobs(f"s3://store/of/us?endpoint={endpoint}")
    large = os.urandom(9_000_000)  # in several parts
    (tmp_path / "file").write_bytes(large)

    digest = blobs.put(b"content")

    assert blobs.put(b"content") == digest == hashlib.sha256(b"content").hexdigest()
    assert blobs.put_file(tmp_path / "file") == blobs.put(large) == hashlib.sha256(large).hexdigest()
    assert f"of/us/{digest[:2]}/{digest[2:4]}/{digest}" in list_keys(blobs) and len(list_keys(blobs)) == 2
    assert blobs.get(digest) == b"content" and blobs.exists(digest)
    with blobs.open(hashlib.sha256(large).hexdigest()) as stream:
        assert stream.read(1_000) == large[:1_000]
    fetched = blobs.fetch(digest, tmp_path / "near")
    assert fetched.read_bytes() == b"content" and fetched == blobs.fetch(digest, tmp_path / "near")
    blobs.check()


def test_what_is_not_there_is_no_file(endpoint, tmp_path):
    blobs = S3Blobs("store", endpoint_url=endpoint)
    digest = hashlib.sha256(b"gone").hexdigest()

    assert not blobs.exists(digest)
    for read in (blobs.get, blobs.open, lambda name: blobs.fetch(name, tmp_path)):
        with pytest.raises(FileNotFoundError):
            read(digest)
    with pytest.raises(FileNotFoundError, match="not a blob name"):
        blobs.get("../../etc/passwd")
    assert not [name for _, _, names in os.walk(tmp_path) for name in names]


@pytest.mark.parametrize("fault", ["no such bucket", "nobody there"])
def test_a_store_that_is_away_fails_as_a_disk_does(endpoint, tmp_path, fault):
    """The inference server keeps its log while the store is away, and knows that by OSError."""
    where = {"no such bucket": ("gone", endpoint), "nobody there": ("store", "http://127.0.0.1:9")}[fault]
    blobs = S3Blobs(where[0], endpoint_url=where[1])
    digest = hashlib.sha256(b"content").hexdigest()
    (tmp_path / "file").write_bytes(b"content")

    for act in (
        blobs.check,
        lambda: blobs.put(b"content"),
        lambda: blobs.put_file(tmp_path / "file"),
        lambda: blobs.get(digest),
        lambda: blobs.fetch(digest, tmp_path / "near"),
    ):
        with pytest.raises(OSError, match="cannot be reached or used|not a blob"):
            act()
