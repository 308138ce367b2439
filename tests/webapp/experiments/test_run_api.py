"""Runs and evaluations over REST."""

import pytest

from lifecycle.experiments import services
from lifecycle.experiments.models import Run
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client, owner, project):
    """api(method, path, body) as the project's owner."""
    client.force_login(owner)

    def call(method: str, path: str, body=None, **query):
        url = f"/api/v1/projects/{project.slug}/{path}"
        if body is not None:
            return getattr(client, method)(url, body, content_type="application/json")
        return getattr(client, method)(url, query)

    return call


@pytest.fixture
def version(project):
    return factories.DatasetVersionFactory(dataset=project.datasets.first())


def test_recipes_come_with_their_typed_parameters(api):
    recipes = api("get", "recipes/").json()

    assert recipes[0]["key"] == "image_cnn"
    assert {p["name"] for p in recipes[0]["parameters"]} >= {"epochs", "learning_rate"}


def test_a_run_is_started_listed_and_canceled(api, version):
    made = api("post", "runs/", {"recipe": "image_cnn", "dataset_version": 1, "parameters": {"epochs": 2}})
    listed = api("get", "runs/", recipe="image_cnn").json()
    canceled = api("post", f"runs/{made.json()['number']}/cancel/", {})

    assert made.status_code == 201 and made.json()["parameters"]["epochs"] == 2
    assert [run["number"] for run in listed["results"]] == [made.json()["number"]]
    assert canceled.json()["state"] == "canceled"


def test_wrong_parameters_come_back_by_field(api, version):
    answer = api("post", "runs/", {"recipe": "image_cnn", "dataset_version": 1, "parameters": {"epochs": 0}})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "epochs", "detail": "Must be at least 1."}]
    assert not Run.objects.exists()


def test_curves_come_thinned_with_a_cursor(api, project):
    run = factories.RunFactory(project=project)
    services.record_metrics(run=run, points=[("loss", n, 0.1) for n in range(5_000)])

    answer = api("get", f"runs/{run.number}/metrics/").json()

    assert len(answer["curves"][0]["steps"]) <= 1_001 and answer["cursor"]


def test_an_evaluation_is_asked_for_read_and_decided_on(api, project):
    artifact = factories.ArtifactFactory(run=factories.RunFactory(project=project))
    body = {"run": artifact.run.number, "dataset_version": 1, "split": "validation"}

    made = api("post", "evaluations/", body)
    done = factories.EvaluationFactory(artifact=artifact)
    decided = api("post", f"evaluations/{done.pk}/decisions/", {"verdict": "approved", "reason": "Good."})
    read = api("get", f"evaluations/{done.pk}/").json()

    assert made.status_code == 201 and made.json()["state"] == "queued"
    assert decided.status_code == 201
    assert read["verdict"] == "approved" and read["gates"][0]["passed"] and read["details"]["confusion"]


def test_items_filter_by_cell_and_two_evaluations_compare(api, project):
    artifact = factories.ArtifactFactory(run=factories.RunFactory(project=project))
    other = factories.ArtifactFactory(run=factories.RunFactory(project=project))
    first, second = factories.EvaluationFactory(artifact=artifact), factories.EvaluationFactory(artifact=other)
    for evaluation, predicted in ((first, "cat"), (second, "dog")):
        evaluation.item_results.create(
            item_id=1, truth="cat", predicted=predicted, loss=0.5, confidence=0.8, is_correct=predicted == "cat"
        )

    cell = api("get", f"evaluations/{second.pk}/items/", truth="cat", predicted="dog").json()
    compared = api("get", "evaluations/compare/", first=first.pk, second=second.pk).json()

    assert [row["item_id"] for row in cell["results"]] == [1]
    assert compared["counts"] == {"fixed": 0, "broke": 1, "both_wrong": 0, "both_right": 0}
    assert compared["items"][0]["second"] == "dog"
