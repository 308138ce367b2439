"""Pages and REST of models."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.conf import settings
from django.urls import reverse

from lifecycle.common.blobs import open_blobs
from lifecycle.projects.models import Charter
from lifecycle.registry import selectors, services
from lifecycle.registry.models import ModelVersion
from tests.factories import ArtifactFactory, EvaluationFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def artifact(project):
    blobs = open_blobs(settings.STORAGE_URL)
    files = {"manifest.json": blobs.put(b"{}"), "model.onnx": blobs.put(b"onnx")}
    artifact = ArtifactFactory(run=RunFactory(project=project), files=files)
    EvaluationFactory(artifact=artifact)
    return artifact


@pytest.fixture
def version(project, owner, artifact):
    return services.register(project=project, user=owner, artifact=artifact)


def test_a_trained_model_is_registered_from_the_list(client, project, owner, artifact):
    client.force_login(owner)
    url = reverse("registry:list", args=[project.slug])

    empty = client.get(url).content.decode()
    answer = client.post(reverse("registry:register", args=[project.slug]), {"artifact": artifact.pk}, follow=True)

    assert "Register a trained model" in empty
    assert "Model card" in answer.content.decode()
    assert ModelVersion.objects.get().artifact == artifact
    assert str(ModelVersion.objects.get().model) in client.get(url).content.decode()


def test_a_champion_is_made_and_the_charters_wish_is_explained(client, project, owner, version):
    Charter.objects.update(requires_approval=True)
    client.force_login(owner)
    url = reverse("registry:promote", args=[project.slug, version.model.name, 1])

    refused = client.post(url, {"alias": "champion"}, follow=True).content.decode()
    Charter.objects.update(requires_approval=False)
    client.post(url, {"alias": "champion"})

    assert "asks for a reviewer" in refused
    assert selectors.find_champion(project) == version
    page = client.get(reverse("registry:model", args=[project.slug, version.model.name])).content.decode()
    assert "champion" in page


def test_a_version_downloads_as_one_zip(client, project, owner, version):
    client.force_login(owner)

    answer = client.get(reverse("registry:download", args=[project.slug, version.model.name, 1]))

    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    folder = f"{version.model.name}-v1"
    assert sorted(archive.namelist()) == [f"{folder}/{n}" for n in ("README.md", "manifest.json", "model.onnx")]
    assert archive.read(f"{folder}/model.onnx") == b"onnx"


def test_a_card_cannot_smuggle_a_script_in(client, project, owner, version):
    client.force_login(owner)
    card = "# Fine\n<script>alert(1)</script>\n[x](javascript:alert(1))"

    url = reverse("registry:card", args=[project.slug, version.model.name, 1])
    page = client.post(url, {"card": card}, follow=True).content.decode()

    assert "<h1>Fine</h1>" in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_a_viewer_reads_and_a_stranger_sees_nothing(client, project, member, stranger, version):
    url = reverse("registry:detail", args=[project.slug, version.model.name, 1])
    promote = reverse("registry:promote", args=[project.slug, version.model.name, 1])

    client.force_login(member("viewer"))
    assert client.get(url).status_code == 200
    assert client.post(promote).status_code == 403
    client.force_login(stranger)
    assert client.get(url).status_code == 404


def test_the_same_over_rest(client, project, owner, artifact):
    client.force_login(owner)
    base = f"/api/v1/projects/{project.slug}"
    run = artifact.run.number

    made = client.post(f"{base}/model-versions/", {"run": run, "name": "tiny"}, content_type="application/json")
    again = client.post(f"{base}/model-versions/", {"run": run, "name": "tiny"}, content_type="application/json")
    alias = client.put(f"{base}/models/tiny/versions/1/aliases/champion/")
    models = client.get(f"{base}/models/").json()
    gone = client.delete(f"{base}/models/tiny/versions/1/aliases/champion/")

    assert (made.status_code, again.status_code, alias.status_code, gone.status_code) == (201, 201, 200, 204)
    assert made.json()["files"].keys() == {"manifest.json", "model.onnx"}
    assert again.json()["id"] == made.json()["id"]
    assert models[0]["aliases"][0]["name"] == "champion"
    assert client.get(f"{base}/models/tiny/").json()["results"][0]["metrics"]["accuracy"] == 0.93
    assert client.get(f"{base}/models/tiny/versions/7/").status_code == 404
    assert client.put(f"{base}/models/tiny/versions/1/aliases/7/").status_code == 400
    assert client.post(f"{base}/models/tiny/rollback/").status_code == 409
