"""Evaluations: asking, recording, comparing, deciding."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.contracts.evaluation import EvaluateResult
from lifecycle.evaluations import comparison, rules, selectors, services
from lifecycle.evaluations.models import Evaluation, ItemResult
from lifecycle.evaluations.rules import Outcome
from lifecycle.jobs.models import Job
from lifecycle.projects.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(project):
    return factories.RunFactory(project=project)


@pytest.fixture
def artifact(run):
    return factories.ArtifactFactory(run=run)


def write_items(folder, rows):
    """Parquet as the engine writes it, of (item id, truth, predicted, confidence, loss, is_correct)."""
    names = ("item_id", "truth", "predicted", "confidence", "loss", "is_correct")
    types = (pa.int64(), pa.string(), pa.string(), pa.float32(), pa.float32(), pa.bool_())
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), types, strict=True)]
    path = folder / f"items-{len(rows)}-{rows[0][2]}.parquet"
    pq.write_table(pa.table(columns, names=names), path)
    return str(path)


def record(evaluation, folder, rows):
    path = write_items(folder, rows)
    result = EvaluateResult(metrics={"accuracy": 0.5}, details={}, items_path=path, count=len(rows))
    return services.record_result(evaluation=evaluation, result=result, items_blob="0" * 64)


def test_asking_twice_gives_one_evaluation_and_one_job(project, owner, artifact, run):
    first = services.evaluate(project=project, user=owner, artifact=artifact, dataset_version=run.dataset_version)
    second = services.evaluate(project=project, user=owner, artifact=artifact, dataset_version=run.dataset_version)

    assert first.pk == second.pk
    assert Job.objects.filter(kind="evaluate").count() == 1


def test_a_split_without_labels_is_refused(project, owner, artifact, run):
    run.dataset_version.summary = {"balance": {"train": {"cat": 1}}}

    with pytest.raises(DomainError, match="no labeled items"):
        services.evaluate(project=project, user=owner, artifact=artifact, dataset_version=run.dataset_version)
    assert services.evaluate_run(run=run, artifact=artifact) is None


def test_a_run_without_a_test_split_is_judged_on_validation(artifact, run):
    run.dataset_version.summary = {"balance": {"train": {"cat": 9}, "validation": {"cat": 2}}}

    assert services.evaluate_run(run=run, artifact=artifact).split == "validation"


def test_item_results_are_copied_in_and_replaced(artifact, tmp_path):
    evaluation = factories.EvaluationFactory(artifact=artifact)
    record(evaluation, tmp_path, [(1, 'quo"te, comma', "dog", 0.9, 0.1, False), (2, "dog", "dog", None, 0.2, None)])

    record(evaluation, tmp_path, [(1, 'quo"te, comma', "cat", 0.75, 0.5, False)])

    (result,) = ItemResult.objects.filter(evaluation=evaluation)
    assert (result.truth, result.predicted, result.confidence) == ('quo"te, comma', "cat", 0.75)


def test_two_evaluations_tell_who_fixed_and_who_broke_what(project, artifact, tmp_path):
    other = factories.ArtifactFactory(run=factories.RunFactory(project=project))
    first, second = (factories.EvaluationFactory(artifact=a) for a in (artifact, other))
    record(first, tmp_path, [(n, "cat", p, 0.8, 1.0, p == "cat") for n, p in enumerate(["cat", "cat", "dog", "dog"])])
    record(second, tmp_path, [(n, "cat", p, 0.8, 2.0, p == "cat") for n, p in enumerate(["cat", "dog", "cat", "dog"])])

    counts = comparison.count_outcomes(first, second)
    (fixed,) = comparison.list_compared(first, second, Outcome.FIXED)

    assert counts == dict.fromkeys(Outcome, 1)
    assert (fixed.item_id, fixed.first, fixed.second) == (2, "dog", "cat")


def test_evaluations_of_different_items_cannot_be_compared(artifact):
    first = factories.EvaluationFactory(artifact=artifact)
    second = factories.EvaluationFactory(artifact=artifact, split="validation")

    with pytest.raises(Conflict):
        comparison.check_comparable(first, second)


def test_a_decision_needs_a_reason_and_is_audited(artifact, owner):
    evaluation = factories.EvaluationFactory(artifact=artifact)

    with pytest.raises(DomainError):
        services.decide(evaluation=evaluation, user=owner, verdict="approved", reason=" ")
    services.decide(evaluation=evaluation, user=owner, verdict="rejected", reason="Dogs look like cats.")
    services.decide(evaluation=evaluation, user=owner, verdict="approved", reason="Retaken with more light.")

    assert selectors.is_approved(evaluation)
    assert list(AuditEvent.objects.filter(object_id=str(evaluation.pk)).values_list("verb", flat=True)) == [
        "evaluation.approved",
        "evaluation.rejected",
    ]


def test_what_awaits_a_decision_leaves_out_baselines_and_the_decided(project, artifact, owner):
    waiting = factories.EvaluationFactory(artifact=artifact)
    baseline = factories.ArtifactFactory(run=factories.RunFactory(project=project, is_baseline=True))
    factories.EvaluationFactory(artifact=baseline)
    decided = factories.EvaluationFactory(artifact=artifact, split="validation")
    services.decide(evaluation=decided, user=owner, verdict="approved", reason="Good.")

    assert list(selectors.list_awaiting(project)) == [waiting]


def test_the_verdict_names_what_the_charter_misses(project, artifact):
    evaluation = factories.EvaluationFactory(artifact=artifact, metrics={"accuracy": 0.5})

    gates = selectors.list_gates(evaluation)
    verdict = selectors.judge(evaluation, baseline=None, gates=gates)

    assert verdict.tone == "bad" and "0.9" in verdict.sentence


def test_an_approved_model_that_passes_outweighs_a_newer_one_that_does_not(project, artifact):
    good = factories.EvaluationFactory(artifact=artifact, metrics={"accuracy": 0.95}, finished_at=timezone.now())
    worse = factories.ArtifactFactory(run=factories.RunFactory(project=project))
    factories.EvaluationFactory(artifact=worse, metrics={"accuracy": 0.5}, finished_at=timezone.now())
    before = selectors.summarize_evaluate(project)

    services.decide(evaluation=good, user=project.created_by, verdict="approved", reason="Good enough.")

    after = selectors.summarize_evaluate(project)
    assert (before.state, after.state) == ("attention", "done")
    assert "approved" in after.headline


def test_another_project_does_not_see_an_evaluation(artifact):
    evaluation = factories.EvaluationFactory(artifact=artifact)

    with pytest.raises(NotFound):
        selectors.get_evaluation(factories.ProjectFactory(), evaluation.pk)
    assert Evaluation.objects.count() == 1


def test_a_version_of_numbers_is_judged_on_its_test_split():
    numbers = {"splits": {"test": 5, "train": 20}, "labeled": {"test": 5, "train": 20}, "histogram": {}}

    assert rules.choose_split(numbers) == "test"
    assert rules.choose_split({**numbers, "labeled": {"train": 20}}) == ""
