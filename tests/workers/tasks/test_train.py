"""The train and evaluate tasks through the real runtime."""

import random

import pytest

from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments import selectors, services
from lifecycle.experiments.models import Metric, Run
from lifecycle.jobs.models import Job
from tests import factories
from tests.versions import commit_rows

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

WORDS = {"good": ["great", "lovely", "fine", "superb"], "bad": ["awful", "poor", "dull", "broken"]}


def write_reviews(count: int = 200) -> list[tuple[str, str]]:
    """Texts whose words give their label away."""
    source = random.Random(7)
    rows = []
    for n in range(count):
        label = ("good", "bad")[n % 2]
        words = [source.choice(WORDS[label]) for _ in range(3)] + [source.choice(["film", "story", "plot"])]
        rows.append((" ".join([*words, str(n)]), label))
    return rows


@pytest.fixture
def text_project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="text_classification")


@pytest.fixture
def version(text_project, tmp_path):
    return commit_rows(text_project.datasets.get(), write_reviews(), tmp_path)


def test_a_run_leaves_curve_artifact_environment_and_evaluation(text_project, owner, version, run_jobs):
    run = services.start_run(
        project=text_project,
        user=owner,
        recipe="text_fast",
        parameters={"epochs": 3},
        seed=1,
        dataset_version=version,
    )

    jobs = run_jobs()

    assert [(job.kind, job.state, job.error) for job in jobs] == [
        ("train", "succeeded", ""),
        ("train", "succeeded", ""),
        ("evaluate", "succeeded", ""),
        ("evaluate", "succeeded", ""),
    ]
    run = Run.objects.get(pk=run.pk)
    assert run.metrics["accuracy"] > 0.9 and run.stopped and run.steps and run.seconds
    assert run.environment["git_commit"] and run.environment["libraries"]["torch"]
    assert set(Metric.objects.filter(run=run).values_list("key", flat=True)) >= {"train/loss", "validation/loss"}
    artifact = selectors.find_artifact(run)
    assert {"manifest.json", "model.onnx"} <= set(artifact.files)
    assert artifact.manifest["parity"]
    evaluation = Evaluation.objects.get(artifact=artifact)
    assert (evaluation.split, evaluation.item_count) == ("test", 20)
    assert evaluation.item_results.count() == 20
    assert evaluation.details["confusion"]["classes"] == ["bad", "good"]


def test_the_same_job_run_twice_leaves_one_artifact(text_project, owner, version, run_jobs):
    run = services.start_run(
        project=text_project, user=owner, recipe="baseline", parameters={}, seed=0, dataset_version=version
    )
    run_jobs()
    Job.objects.filter(pk=run.job_id).update(state=Job.State.QUEUED)

    run_jobs()

    assert run.artifacts.count() == 1
    assert Evaluation.objects.filter(artifact__run=run).count() == 1


def test_a_training_that_cannot_start_fails_with_a_sentence(text_project, owner, version, run_jobs):
    version.manifest_blob = commit_rows_without_labels(version)
    version.save()
    run = services.start_run(
        project=text_project, user=owner, recipe="text_fast", parameters={}, seed=0, dataset_version=version
    )

    run_jobs()

    job = Job.objects.get(pk=run.job_id)
    assert job.state == "failed" and job.attempt == 1
    assert "labelled items" in job.error


def commit_rows_without_labels(version) -> str:
    """The version's manifest with every label taken away."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq
    from django.conf import settings

    from lifecycle.common.blobs import open_blobs

    blobs = open_blobs(settings.STORAGE_URL)
    table = pq.read_table(io.BytesIO(blobs.get(version.manifest_blob)))
    table = table.set_column(3, "label", pa.nulls(len(table), pa.string()))
    out = io.BytesIO()
    pq.write_table(table, out)
    return blobs.put(out.getvalue())
