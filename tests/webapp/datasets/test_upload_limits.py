"""A file that is too large is refused by name before any of it is kept, through every door."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lifecycle.datasets.models import Upload
from lifecycle.datasets.services.uploads import PART_BYTES
from lifecycle.sources.models import Source
from tests import factories

pytestmark = pytest.mark.django_db
MOST = 2_000_000_000
REFUSED = "big.zip is larger than the 2.0 GB that this installation takes."
JSON = "application/json"


@pytest.fixture(autouse=True)
def limited(settings):
    settings.MAX_UPLOAD_BYTES = MOST


@pytest.fixture
def door(client, owner):
    """The address of the uploads of a project, for its owner."""
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification", slug="shop")
    client.force_login(owner)
    return f"/api/v1/projects/{project.slug}/uploads/"


def announce(client, door, byte_size):
    wanted = {"name": "big.zip", "byte_size": byte_size}
    return client.post(door, json.dumps(wanted), content_type=JSON)


def test_a_file_above_the_limit_is_refused_when_it_is_announced(client, door):
    refused, taken = announce(client, door, MOST + 1), announce(client, door, MOST)

    assert refused.status_code == 400 and REFUSED in refused.content.decode()
    assert taken.status_code == 201 and Upload.objects.get().byte_size == MOST


def test_more_than_was_announced_does_not_come_in(client, door):
    address = f"{door}{announce(client, door, 10).json()[0]['id']}/"

    def send(content):
        kind = "application/octet-stream"
        return client.patch(address, content, content_type=kind, headers={"Upload-Offset": "0"})

    assert send(b"x" * 11).status_code == 400
    assert send(b"x" * (PART_BYTES + 1)).status_code in (400, 413)
    assert Upload.objects.get().received == 0


@pytest.mark.parametrize("to_source", [False, True])
def test_a_form_with_a_file_above_the_limit_is_refused_and_keeps_none_of_it(client, door, settings, to_source):
    settings.MAX_UPLOAD_BYTES = 10
    form = {"title": "Weekly", "files": SimpleUploadedFile("big.zip", b"x" * 11)}
    page = reverse("sources:new", args=["shop", "upload"])

    answer = client.post(page if to_source else door, form)

    assert answer.status_code == 400 and "big.zip is larger than" in answer.content.decode()
    assert not Upload.objects.exists() and not Source.objects.exists()
