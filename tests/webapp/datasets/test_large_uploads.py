"""Five gigabytes through the door in pieces: the server's memory stays flat, and a cut line costs one piece."""

from __future__ import annotations

import gc
import hashlib
import http.client
import urllib.parse
from types import SimpleNamespace

import pytest
import requests
from django.conf import settings

from lifecycle.accounts.services import tokens
from lifecycle.common.blobs import LocalBlobs, open_blobs
from lifecycle.datasets import selectors, services
from lifecycle.datasets.services.uploads import PART_BYTES
from tests import factories
from tests.memory import Peak
from workers.materialize import materialize_uploads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]
FIVE_GB = 5_000_000_000
PATTERNS = [bytes([n]) * PART_BYTES for n in range(4)]  # so the disk holds four pieces, and the joined file


def read_piece(offset: int, size: int) -> bytes:
    """The generated file from `offset` on: nobody holds all of it."""
    return PATTERNS[offset // PART_BYTES % len(PATTERNS)][: min(PART_BYTES, size - offset)]


@pytest.fixture(autouse=True)
def collector():
    """On again, however a test ends."""
    yield
    gc.enable()


@pytest.fixture
def door(live_server):
    """Addresses and headers of an engineer's script."""
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner, problem_type="image_classification")
    collection = services.create_collection(dataset=selectors.get_dataset(project), user=owner)
    _, token = tokens.issue(user=owner, name="script", scope="write")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    base = f"{live_server.url}/api/v1/projects/{project.slug}/uploads/"
    return SimpleNamespace(session=session, base=base, collection=collection, token=token)


def send(door, address: str, offset: int, content: bytes) -> int:
    headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
    answer = door.session.patch(address, data=content, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["received"]


def cut_line(door, address: str, offset: int, content: bytes) -> None:
    """Half of a piece, and then nothing more."""
    parts = urllib.parse.urlsplit(address)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    line.putrequest("PATCH", parts.path)
    for name, value in (("Authorization", f"Bearer {door.token}"), ("Content-Type", "application/octet-stream"),
                        ("Upload-Offset", str(offset)), ("Content-Length", str(len(content)))):  # fmt: skip
        line.putheader(name, value)
    line.endheaders(content[: len(content) // 2])
    line.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("size", [250_000_000, pytest.param(FIVE_GB, marks=pytest.mark.long)])
def test_a_large_file_arrives_in_flat_memory_and_goes_on_after_a_cut(door, size, tmp_path):
    announced = {"name": "large.zip", "byte_size": size, "collection": door.collection.pk}
    (upload,) = door.session.post(door.base, json=announced, timeout=60).json()
    address, received, cuts = f"{door.base}{upload['id']}/", 0, 0
    sent = hashlib.sha256()

    gc.disable()  # flat also while nobody breaks rings of objects: a server may be slow to do so
    with Peak() as peak:
        while received < size:
            piece = read_piece(received, size)
            if cuts < 3 and received >= cuts * size // 3:
                cut_line(door, address, received, piece)
                cuts += 1
                assert door.session.get(address, timeout=60).json()["received"] == received, "half a piece is none"
            sent.update(piece)
            received = send(door, address, received, piece)

    gc.enable()
    found = door.session.get(address, timeout=60).json()
    assert cuts == 3 and found["received"] == size and found["is_complete"]
    assert peak.grown_mb < 150, "a few pieces of 8 MiB, of a client and a server in one process"
    blobs = open_blobs(settings.STORAGE_URL)
    assert isinstance(blobs, LocalBlobs)
    with Peak() as peak:
        ((name, path),) = materialize_uploads(
            door.collection, SimpleNamespace(workdir=tmp_path, blobs=blobs, blob_dir=blobs.root)
        )
        with open(path, "rb") as whole:
            assert hashlib.file_digest(whole, "sha256").digest() == sent.digest()
    assert name == "large.zip" and peak.grown_mb < 100
