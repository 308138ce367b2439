"""Deploying, releasing, rolling back, keys, feedback and the numbers made of them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.contracts.serving import Target
from lifecycle.deployments import rules, selectors, services
from lifecycle.deployments.models import Deployment, Feedback, Prediction
from lifecycle.deployments.services import FeedbackRow
from lifecycle.registry import services as registry
from tests.factories import ArtifactFactory, ProjectFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def build(project, owner):
    def make(of=None):
        artifact = ArtifactFactory(run=RunFactory(project=of or project))
        return registry.register(project=of or project, user=owner, artifact=artifact)

    return make


@pytest.fixture
def deployment(project, owner, build):
    return services.create(project=project, user=owner, version=build())


def log(deployment, label="cat", status=200, latency_ms=2.0, minutes_ago=0, **more) -> Prediction:
    return Prediction.objects.create(
        deployment=deployment,
        release_id=deployment.current_release_id,
        model_version_id=1,
        at=timezone.now() - timedelta(minutes=minutes_ago),
        door="v1",
        status=status,
        latency_ms=latency_ms,
        output={"label": label, "confidence": 0.9} if status == 200 else {"error": "no"},
        **more,
    )


def test_a_release_carries_all_that_serving_needs(deployment):
    target = Target.from_json(deployment.current_release.targets[0])

    assert target.label == f"{deployment.model.name} v1"
    assert target.version == 1
    assert set(target.files) == {"manifest.json", "model.onnx"}


def test_addresses_are_made_from_the_model_and_never_taken_twice(project, owner, build):
    version = build()

    first = services.create(project=project, user=owner, version=version)
    second = services.create(project=project, user=owner, version=version)

    assert [first.slug, second.slug] == [version.model.name, f"{version.model.name}-2"]
    with pytest.raises(DomainError, match="has this address"):
        services.create(project=project, user=owner, version=version, slug=first.slug)
    with pytest.raises(DomainError):
        services.create(project=project, user=owner, version=version, slug="Not an address")


def test_another_projects_version_cannot_be_deployed(project, owner, build):
    with pytest.raises(NotFound):
        services.create(project=project, user=owner, version=build(of=ProjectFactory(owner=owner)))


def test_rolling_back_is_a_new_release_with_the_old_targets(owner, build, deployment):
    first = deployment.current_release
    services.release(deployment=deployment, user=owner, version=build(), note="better")

    again = services.rollback(deployment=deployment, user=owner, release=first)

    deployment.refresh_from_db()
    assert (again.number, again.targets) == (3, first.targets)
    assert deployment.current_release == again
    with pytest.raises(Conflict):
        services.rollback(deployment=deployment, user=owner, release=again)


def test_stopping_and_starting_keeps_everything(owner, deployment):
    services.stop(deployment=deployment, user=owner)
    assert Deployment.objects.get().state == "stopped"
    services.start(deployment=deployment, user=owner)
    assert Deployment.objects.get().state == "active"


def test_a_key_is_stored_as_a_hash_only(owner, deployment):
    key, secret = services.create_key(deployment=deployment, user=owner, name="shop")

    assert secret not in (key.token_hash, key.prefix)
    assert secret.startswith(key.prefix)
    assert services.revoke_key(key=key, user=owner).revoked_at is not None


def test_feedback_joins_by_request_id_and_the_newest_truth_counts(project, owner, deployment):
    right, wrong = log(deployment), log(deployment)
    for request_id, truth in ((right.request_id, "cat"), (wrong.request_id, "cat"), (wrong.request_id, "dog")):
        services.record_feedback(project=project, user=owner, row=FeedbackRow(request_id, truth=truth))

    summary = selectors.measure_feedback(deployment)

    assert (summary.count, summary.score) == (2, 0.5)
    assert [p.pk for p in selectors.list_predictions(deployment, selectors.PredictionFilters(feedback="wrong"))] == [
        wrong.pk
    ]


def test_feedback_may_come_before_its_prediction(project, owner, deployment):
    row = FeedbackRow(uuid.uuid4(), truth="cat")
    services.record_feedback(project=project, user=owner, row=row)

    log(deployment, request_id=row.request_id)

    assert selectors.measure_feedback(deployment).score == 1.0


def test_the_same_key_counts_once(project, owner, deployment):
    row = FeedbackRow(log(deployment).request_id, truth="cat", idempotency_key="a")

    services.record_feedback(project=project, user=owner, row=row)
    services.record_feedback(project=project, user=owner, row=row)
    new = services.record_feedback_rows(project=project, user=owner, rows=[row, row])

    assert new == 0
    assert Feedback.objects.count() == 1


@pytest.mark.parametrize("given", [{}, {"truth": ""}, {"value": float("inf")}, {"truth": "x" * 1001}])
def test_feedback_must_say_something(project, owner, given):
    with pytest.raises(DomainError):
        services.record_feedback(project=project, user=owner, row=FeedbackRow(uuid.uuid4(), **given))


def test_nobody_gives_feedback_on_another_projects_predictions(owner, deployment):
    other = ProjectFactory(owner=owner)

    with pytest.raises(NotFound):
        services.record_feedback(project=other, user=owner, row=FeedbackRow(log(deployment).request_id, truth="cat"))


def test_a_numbers_feedback_is_a_mean_absolute_error(owner, build):
    project = ProjectFactory(owner=owner, problem_type="tabular_regression")
    deployment = services.create(project=project, user=owner, version=build(of=project))
    prediction = log(deployment)
    Prediction.objects.update(output={"value": 3.0})

    services.record_feedback(project=project, user=owner, row=FeedbackRow(prediction.request_id, truth="5"))

    assert selectors.measure_feedback(deployment).score == 2.0
    with pytest.raises(DomainError, match="must be a number"):
        services.record_feedback(project=project, user=owner, row=FeedbackRow(prediction.request_id, truth="big"))


def test_traffic_counts_what_was_answered_refused_and_failed(deployment):
    for n in range(10):
        log(deployment, latency_ms=float(n), minutes_ago=n)
    log(deployment, status=422)
    log(deployment, status=500)
    log(deployment, minutes_ago=500)

    traffic = selectors.measure_traffic(deployment)

    assert (traffic.requests, traffic.refused, traffic.errors) == (12, 1, 1)
    assert (traffic.p50_ms, round(traffic.p95_ms, 2)) == (4.5, 8.55)
    assert sum(total for _, total, _ in traffic.by_minute) == 12


def test_the_log_can_be_filtered(deployment):
    log(deployment, label="dog")
    log(deployment, status=422)
    wanted = log(deployment)

    def find(**filters):
        return [p.pk for p in selectors.list_predictions(deployment, selectors.PredictionFilters(**filters))]

    assert find(status="ok", label="cat") == [wanted.pk]
    assert len(find(status="refused")) == 1
    assert find(request_id=wanted.request_id) == [wanted.pk]
    assert find(max_confidence=0.5) == []


def test_a_typical_row_comes_from_the_reference():
    features = [
        {"name": "carat", "kind": "number"},
        {"name": "cut", "kind": "category", "categories": ["Fair", "Ideal"]},
        {"name": "sold", "kind": "date", "format": "iso"},
    ]
    reference = {
        "carat": {"kind": "number", "edges": [0.2, 0.5, 5.0], "counts": [9, 1]},
        "cut": {"kind": "category", "categories": ["Fair", "Ideal"], "counts": [1, 9]},
        "sold": {"kind": "number", "edges": [0, 2, 30], "counts": [5, 1]},
    }

    assert rules.propose_row(features, reference) == {"carat": 0.35, "cut": "Ideal", "sold": "1970-01-02"}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("", "number", None),
        (" 1.5 ", "number", 1.5),
        ("abc", "number", "abc"),
        ("nan", "number", "nan"),
        ("7", "category", "7"),
    ],
)
def test_a_typed_cell_becomes_what_it_means(text, kind, value):
    assert rules.parse_cell(text, kind) == value


def test_the_loop_hears_of_deployments(project, owner, build):
    assert selectors.summarize_deploy(project).state == "empty"
    version = build()
    assert selectors.summarize_deploy(project).state == "ready"
    deployment = services.create(project=project, user=owner, version=version)
    assert selectors.summarize_deploy(project).state == "working"
    deployment.current_release.loaded_at = timezone.now()
    deployment.current_release.save()
    assert selectors.summarize_deploy(project).state == "done"
