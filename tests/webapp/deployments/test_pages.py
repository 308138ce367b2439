"""Pages of deployments, for people of each role."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from lifecycle.deployments import services
from lifecycle.deployments.models import Deployment, Feedback, Prediction
from lifecycle.registry import services as registry
from tests.factories import ArtifactFactory, EvaluationFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(project, owner):
    artifact = ArtifactFactory(run=RunFactory(project=project))
    EvaluationFactory(artifact=artifact)
    return registry.register(project=project, user=owner, artifact=artifact)


@pytest.fixture
def deployment(project, owner, version):
    return services.create(project=project, user=owner, version=version)


def log(deployment, **more) -> Prediction:
    return Prediction.objects.create(
        deployment=deployment,
        release_id=deployment.current_release_id,
        model_version_id=deployment.current_release.targets[0]["model_version_id"],
        at=timezone.now(),
        door="v1",
        latency_ms=1.5,
        **{"input": {"image": "0" * 64}, "output": {"label": "cat", "confidence": 0.9}, **more},
    )


def test_deploying_takes_two_clicks(client, project, owner, version):
    client.force_login(owner)

    page = client.get(reverse("registry:detail", args=[project.slug, version.model.name, 1]))
    answer = client.post(reverse("deployments:list", args=[project.slug]), {"version": version.pk}, follow=True)

    assert b"Deploy" in page.content
    assert answer.status_code == 200
    deployment = Deployment.objects.get()
    assert deployment.current_release.targets[0]["label"] == str(version)
    assert deployment.slug.encode() in answer.content


def test_the_page_shows_numbers_log_and_snippets(client, project, owner, deployment):
    client.force_login(owner)
    for _ in range(3):
        log(deployment)
    log(deployment, status=422, input=None, output={"error": "The row lacks the column x."})

    page = client.get(reverse("deployments:detail", args=[project.slug, deployment.slug])).content.decode()
    live = client.get(reverse("deployments:live", args=[project.slug, deployment.slug])).content.decode()

    assert "The row lacks the column x." in page
    assert "tritonclient" in page
    assert "Requests a minute" in live


def test_the_page_costs_few_queries(client, project, owner, deployment, django_assert_max_num_queries):
    client.force_login(owner)
    for _ in range(10):
        log(deployment)

    with django_assert_max_num_queries(32):
        client.get(reverse("deployments:detail", args=[project.slug, deployment.slug]))


def test_a_new_key_is_shown_once(client, project, owner, deployment):
    client.force_login(owner)
    url = reverse("deployments:detail", args=[project.slug, deployment.slug])

    shown = client.post(reverse("deployments:key-new", args=[project.slug, deployment.slug]), {"name": "shop"})
    later = client.get(url)

    assert b'id="new-key"' in shown.content
    assert b'id="new-key"' not in later.content


def test_feedback_is_kept_from_the_log(client, project, member, deployment):
    prediction = log(deployment)
    client.force_login(member("reviewer"))
    url = reverse("deployments:feedback", args=[project.slug, deployment.slug])

    client.post(url, {"request_id": prediction.request_id, "truth": "dog", "next": "/projects/x"})
    answer = client.get(reverse("deployments:predictions", args=[project.slug, deployment.slug]), {"feedback": "wrong"})

    assert Feedback.objects.get().truth == "dog"
    assert str(prediction.request_id) in answer.content.decode()


def test_feedback_leads_back_to_pages_of_ours_only(client, project, owner, deployment):
    client.force_login(owner)
    url = reverse("deployments:feedback", args=[project.slug, deployment.slug])

    answer = client.post(url, {"request_id": uuid.uuid4(), "truth": "dog", "next": "//evil.example/"})

    assert answer.url == reverse("deployments:detail", args=[project.slug, deployment.slug])


def test_a_viewer_cannot_release_and_a_stranger_sees_nothing(client, project, member, stranger, deployment):
    url = reverse("deployments:stop", args=[project.slug, deployment.slug])

    client.force_login(member("viewer"))
    assert client.post(url).status_code == 403
    client.force_login(stranger)
    assert client.post(url).status_code == 404


def test_trying_while_the_inference_server_is_down_says_so(client, settings, project, owner, deployment):
    settings.SERVING_URL = "http://127.0.0.1:9"
    client.force_login(owner)
    url = reverse("deployments:try", args=[project.slug, deployment.slug])
    picture = __import__("io").BytesIO(b"picture")
    picture.name = "cat.png"

    page = client.get(url)
    answer = client.post(url, {"image": picture}, headers={"X-Part": "result"})

    assert b"Drop a picture" in page.content
    assert b"does not answer" in answer.content


@pytest.mark.parametrize("name", ["list", "predictions"])
def test_lists_open_for_a_viewer(client, project, member, deployment, name):
    log(deployment)
    client.force_login(member("viewer"))
    arguments = [project.slug] if name == "list" else [project.slug, deployment.slug]

    assert client.get(reverse(f"deployments:{name}", args=arguments)).status_code == 200


def test_one_prediction_shows_its_lineage(client, project, owner, deployment, version):
    prediction = log(deployment, output={"label": "cat", "confidence": 0.9, "probabilities": {"cat": 0.9, "dog": 0.1}})
    client.force_login(owner)

    page = client.get(reverse("deployments:prediction", args=[project.slug, deployment.slug, prediction.request_id]))

    assert str(version) in page.content.decode()
    assert "probability-bar" in page.content.decode()
