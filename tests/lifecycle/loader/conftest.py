"""A live server with a project of pictures, and a token of a member who may only look."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from PIL import Image

from lifecycle.accounts.services import tokens
from lifecycle.common.blobs import open_blobs
from lifecycle.datasets import selectors, services
from lifecycle.datasets.chunks import CHUNK_BITS
from lifecycle.datasets.models import Collection, Dataset, Item
from tests import factories

CLASSES = ("cat", "dog", "owl")


def draw(number: int, size: int = 16) -> bytes:
    """A small picture that no other number has."""
    pixels = np.random.default_rng(number).integers(0, 255, (size, size, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def add_items(dataset: Dataset, numbers, size: int = 16) -> list[Item]:
    """Labeled pictures, eight of ten in train."""
    blobs = open_blobs(settings.STORAGE_URL)
    collection = Collection.objects.filter(dataset=dataset).first() or factories.CollectionFactory(dataset=dataset)
    items = []
    for number in numbers:
        content = draw(number, size)
        split = {8: "validation", 9: "test"}.get(number % 10, "train")
        items.append(
            Item(
                dataset=dataset, collection=collection, content_hash=hashlib.sha256(content).hexdigest(),
                mime="image/png", blob=blobs.put(content), byte_size=len(content), label=CLASSES[number % 3],
                split=split, width=size, height=size,
            )
        )  # fmt: skip
    return Item.objects.bulk_create(items)


def add_texts(dataset: Dataset, numbers) -> list[Item]:
    """Labeled texts in a chunk of their own, every fifth in validation."""
    begin_a_chunk()
    collection = Collection.objects.filter(dataset=dataset).first() or factories.CollectionFactory(dataset=dataset)
    return Item.objects.bulk_create(
        Item(
            dataset=dataset, collection=collection, content_hash=hashlib.sha256(b"%d" % number).hexdigest(),
            text=f"text {number}", label=CLASSES[number % 3], split="train" if number % 5 else "validation",
        )
        for number in numbers
    )  # fmt: skip


@dataclass
class Host:
    """Where to load from."""

    url: str
    name: str
    token: str
    dataset: Dataset
    commit: object


def begin_a_chunk() -> None:
    """Items made from here on lie in one chunk: ids only rise, and tests count the requests for one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval('datasets_item_id_seq', ((last_value >> %s) + 1) << %s) FROM datasets_item_id_seq",
            [CHUNK_BITS, CHUNK_BITS],
        )


@pytest.fixture
def host(transactional_db, live_server, run_jobs) -> Host:
    begin_a_chunk()
    return open_project(live_server, run_jobs, "zoo", "image_classification")


@pytest.fixture
def shelf(transactional_db, live_server, run_jobs) -> Host:
    """The same with texts."""
    return open_project(live_server, run_jobs, "shelf", "text_classification")


def open_project(live_server, run_jobs, slug: str, problem_type: str) -> Host:
    owner = factories.UserFactory(username="keeper")
    project = factories.ProjectFactory(owner=owner, slug=slug, problem_type=problem_type)
    viewer = factories.UserFactory(username="reader")
    factories.MembershipFactory(project=project, user=viewer, role="viewer")
    _, token = tokens.issue(user=viewer, name="loader", scope="read")
    dataset = selectors.get_dataset(project)

    def commit():
        services.commit_version(dataset=dataset, user=owner)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback
        return selectors.find_latest_version(project)

    return Host(live_server.url, f"{slug}/main", token, dataset, commit)
