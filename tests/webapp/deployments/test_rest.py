"""REST of deployments, from deploying to feedback."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from lifecycle.deployments.models import Deployment, DeploymentKey, Feedback, Prediction
from lifecycle.registry import services as registry
from tests.factories import ArtifactFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(project):
    return f"/api/v1/projects/{project.slug}"


@pytest.fixture
def api(client, owner):
    """api("post", url, data) as the project's owner."""
    client.force_login(owner)

    def call(method: str, url: str, data=None, **more):
        return getattr(client, method)(url, data, content_type="application/json", **more)

    return call


@pytest.fixture
def deployed(api, base, project, owner):
    for _ in range(2):
        artifact = ArtifactFactory(run=RunFactory(project=project))
        registry.register(project=project, user=owner, artifact=artifact, name="tiny")
    return api("post", f"{base}/deployments/", {"model": "tiny", "version": 1, "slug": "shop"})


def test_a_deployment_is_made_released_rolled_back_and_stopped(api, base, deployed):
    released = api("post", f"{base}/deployments/shop/releases/", {"version": 2, "note": "better"})
    back = api("post", f"{base}/deployments/shop/rollback/", {"release": 1})
    stopped = api("post", f"{base}/deployments/shop/stop/")
    releases = api("get", f"{base}/deployments/shop/releases/").json()["results"]

    assert deployed.status_code == 201
    assert deployed.json()["current_release"]["targets"][0]["label"] == "tiny v1"
    assert released.json()["targets"][0]["version"] == 2
    assert back.json()["number"] == 3
    assert stopped.json()["state"] == "stopped"
    assert [release["number"] for release in releases] == [3, 2, 1]
    assert api("post", f"{base}/deployments/shop/start/").json()["state"] == "active"


def test_limits_are_changed_one_by_one(api, base, deployed):
    changed = api("patch", f"{base}/deployments/shop/", {"max_queue": 7}).json()

    assert (changed["max_queue"], changed["logs_inputs"]) == (7, True)
    assert api("patch", f"{base}/deployments/shop/", {"max_queue": 0}).status_code == 400


def test_a_keys_secret_is_in_one_answer_only(api, base, deployed):
    made = api("post", f"{base}/deployments/shop/keys/", {"name": "shop"}).json()
    listed = api("get", f"{base}/deployments/shop/keys/").json()["results"]
    gone = api("delete", f"{base}/deployments/shop/keys/{made['id']}/")

    assert made["secret"].startswith(made["prefix"])
    assert "secret" not in listed[0]
    assert gone.status_code == 204
    assert DeploymentKey.objects.get().revoked_at


def test_feedback_in_bulk_joins_the_log(api, base, deployed):
    deployment = Deployment.objects.get()
    ids = [uuid.uuid4() for _ in range(3)]
    for request_id in ids:
        Prediction.objects.create(
            request_id=request_id,
            deployment=deployment,
            release_id=1,
            model_version_id=1,
            at=timezone.now(),
            door="v1",
            latency_ms=1,
            output={"label": "cat", "confidence": 0.5},
        )
    rows = [{"request_id": str(i), "truth": "cat", "idempotency_key": str(i)} for i in ids]

    first = api("post", f"{base}/feedback/", {"rows": rows})
    again = api("post", f"{base}/feedback/", {"rows": rows})
    traffic = api("get", f"{base}/deployments/shop/traffic/").json()
    predictions = api("get", f"{base}/deployments/shop/predictions/?feedback=with").json()["results"]

    assert (first.json(), again.json()) == ({"kept": 3}, {"kept": 0})
    assert Feedback.objects.count() == 3
    assert (traffic["requests"], traffic["feedback_count"], traffic["feedback_score"]) == (3, 3, 1.0)
    assert predictions[0]["feedback"]["truth"] == "cat"


@pytest.mark.parametrize("rows", [[], [{}], [{"request_id": "x"}], [{"request_id": str(uuid.uuid4())}]])
def test_feedback_that_says_nothing_is_refused(api, base, deployed, rows):
    assert api("post", f"{base}/feedback/", {"rows": rows}).status_code == 400


def test_a_stranger_and_a_viewer_get_what_fits(client, api, base, deployed, stranger, member):
    client.force_login(member("viewer"))
    assert client.get(f"{base}/deployments/shop/").status_code == 200
    assert client.get(f"{base}/deployments/shop/keys/").status_code == 403
    assert client.post(f"{base}/deployments/shop/stop/").status_code == 403
    client.force_login(stranger)
    assert client.get(f"{base}/deployments/shop/").status_code == 404


@pytest.mark.parametrize("query", ["status=x", "max_confidence=a", "request_id=1", "release=0", "feedback=no"])
def test_filters_that_make_no_sense_are_refused(api, base, deployed, query):
    assert api("get", f"{base}/deployments/shop/predictions/?{query}").status_code == 400
