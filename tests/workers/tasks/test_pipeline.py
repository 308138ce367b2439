"""Round the loop: version → train → evaluate → gate → register → promote → release, by the real engines."""

from __future__ import annotations

import random

import pytest

from lifecycle.annotations import services as annotations
from lifecycle.common.errors import Conflict
from lifecycle.datasets.models import Item
from lifecycle.deployments import services as deployments
from lifecycle.evaluations import services as evaluations
from lifecycle.jobs.models import Job
from lifecycle.pipelines import services
from lifecycle.pipelines.models import PipelineRun
from lifecycle.projects.models import Charter
from lifecycle.registry.selectors import find_champion
from lifecycle.registry.services import promote
from tests.factories import ItemFactory, ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(240)]


@pytest.fixture
def project(owner):
    project = ProjectFactory(owner=owner, problem_type="tabular_classification")
    Charter.objects.filter(project=project).update(target_metric="accuracy", target_threshold=0.6)
    annotations.create_schema(project=project, classes=["low", "high"], created_by=owner)
    add_rows(project, 300)
    return project


def add_rows(project, count: int, noise: float = 0.0) -> None:
    """Rows whose label is whether x is above 5, wrong for a share of `noise`."""
    dataset = project.datasets.get()
    generator = random.Random(count)
    start = Item.objects.filter(dataset=dataset).count()
    for number in range(start, start + count):
        x = generator.uniform(0, 10)
        is_high = (x > 5) != (generator.random() < noise)
        ItemFactory(
            dataset=dataset, text="", content_hash=f"{number:064x}", row={"x": x, "y": generator.random()},
            label="high" if is_high else "low", split=("train", "train", "train", "validation", "test")[number % 5],
        )  # fmt: skip


def retrain(project, run_jobs, **options) -> PipelineRun:
    pipeline = services.start(project=project, user=project.created_by, **options)
    run_jobs()
    pipeline.refresh_from_db()
    return pipeline


def describe(pipeline) -> dict[str, str]:
    return {step.name: step.state for step in pipeline.steps.all()}


def test_the_first_model_that_keeps_the_charter_becomes_champion(project, run_jobs):
    pipeline = retrain(project, run_jobs)

    steps = describe(pipeline)
    assert pipeline.state == "succeeded", [(s.name, s.reasons) for s in pipeline.steps.all()]
    assert steps.pop("champion") == steps.pop("release") == "skipped"
    assert set(steps.values()) == {"succeeded"}
    assert find_champion(project).number == 1
    assert "now the champion" in pipeline.outcome


def test_a_better_model_replaces_the_champion_and_is_released(project, run_jobs):
    retrain(project, run_jobs, recipe="baseline")
    weak = find_champion(project)
    if weak is None:  # the baseline missed the charter: make it champion by hand
        evaluation = project.evaluations.first()
        from lifecycle.registry.services import register

        weak = register(project=project, user=project.created_by, artifact=evaluation.artifact, evaluation=evaluation)
        promote(version=weak, user=project.created_by)
    deployment = deployments.create(project=project, user=project.created_by, version=weak)

    pipeline = retrain(project, run_jobs, recipe="tabular_lightgbm")

    deployment.refresh_from_db()
    assert set(describe(pipeline).values()) == {"succeeded"}
    assert find_champion(project).pk != weak.pk
    assert deployment.current_release.targets[0]["model_version_id"] == find_champion(project).pk


def test_a_model_that_misses_the_charter_is_not_promoted(project, run_jobs):
    Charter.objects.filter(project=project).update(target_threshold=1.01)

    pipeline = retrain(project, run_jobs)

    steps = describe(pipeline)
    assert (steps["gate"], steps["register"], steps["promote"]) == ("succeeded", "skipped", "skipped")
    assert find_champion(project) is None
    assert any("misses the charter" in reason for reason in pipeline.steps.get(name="gate").reasons)


def test_a_charter_that_asks_for_approval_gets_a_candidate_that_approval_lets_through(project, run_jobs):
    Charter.objects.filter(project=project).update(requires_approval=True)
    pipeline = retrain(project, run_jobs)
    version = project.models.get().versions.get()

    assert find_champion(project) is None
    assert "candidate" in pipeline.outcome
    evaluations.decide(evaluation=version.evaluation, user=project.created_by, verdict="approved", reason="Looks good.")
    promote(version=version, user=project.created_by)
    assert find_champion(project) == version


def test_a_failing_step_ends_the_pipeline_with_its_reason(project, run_jobs):
    Item.objects.filter(dataset__project=project).update(label=None)

    pipeline = retrain(project, run_jobs)

    assert pipeline.state == "failed"
    assert pipeline.outcome.startswith("Train: ")
    assert describe(pipeline)["evaluate"] == "waiting"


def test_only_one_pipeline_runs_at_a_time_and_it_can_be_canceled(project, run_jobs):
    first = services.start(project=project, user=project.created_by)
    with pytest.raises(Conflict, match="already runs"):
        services.start(project=project, user=project.created_by)

    services.cancel(pipeline=first, user=project.created_by)
    run_jobs()

    first.refresh_from_db()
    assert first.state == "canceled"
    assert not Job.objects.filter(kind="train").exists()


def test_a_pipeline_whose_mover_was_lost_is_found_by_the_sweeper(project, run_jobs):
    pipeline = services.start(project=project, user=project.created_by)
    Job.objects.filter(kind="pipeline").delete()

    assert services.sweep() == 1
    assert services.sweep() == 0  # its new mover waits

    run_jobs()
    pipeline.refresh_from_db()
    assert pipeline.state == "succeeded"


def test_moving_a_pipeline_on_too_often_changes_nothing(project, run_jobs):
    pipeline = retrain(project, run_jobs)
    before = list(pipeline.steps.values())

    services.advance(pipeline=pipeline)
    services.advance(pipeline=pipeline)

    assert list(pipeline.steps.values()) == before
