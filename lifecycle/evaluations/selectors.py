"""Reads on evaluations: scores beside baseline and charter, the items behind them, what awaits a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import FloatField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from lifecycle.common.errors import NotFound
from lifecycle.contracts.loop import Figure, StageState, StageSummary
from lifecycle.contracts.problems import MetricDefinition, get_problem_type
from lifecycle.datasets.models import Item
from lifecycle.evaluations import rules
from lifecycle.evaluations.models import Evaluation, EvaluationDecision, ItemResult
from lifecycle.experiments.models import Artifact
from lifecycle.experiments.selectors import get_key_metric
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Charter, Stage
from lifecycle.projects.rules import GateResult, check_charter

MAX_ID = 2**63 - 1
RELATED = ("artifact__run__job", "dataset_version__dataset", "job", "created_by", "project")
ITEM_SORTS = {"worst": ("-loss", "pk"), "surest": ("-confidence", "pk"), "newest": ("-item_id",)}


def _with_verdict(evaluations: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    """Evaluations with their newest verdict as `verdict` (None when undecided), without the bulky details."""
    newest = EvaluationDecision.objects.filter(evaluation=OuterRef("pk")).order_by("-pk")
    found = evaluations.select_related(*RELATED).annotate(verdict=Subquery(newest.values("verdict")[:1]))
    return found.defer("details", "artifact__manifest", "artifact__run__environment", "dataset_version__summary")


def get_evaluation(project, evaluation_id: int) -> Evaluation:
    """One evaluation with all its details; NotFound when the project has none such."""
    found = Evaluation.objects.filter(project=project, pk=min(evaluation_id, MAX_ID)).select_related(*RELATED).first()
    if found is None:
        raise NotFound("There is no such evaluation in this project.")
    return found


def load_evaluation(evaluation_id: int) -> Evaluation:
    """One evaluation by its row id, for the worker that computes it."""
    return Evaluation.objects.select_related(*RELATED).get(pk=evaluation_id)


def list_evaluations(project, *, state: str = "", verdict: str = "", run: int | None = None) -> QuerySet[Evaluation]:
    """Newest first. `verdict` may be approved, rejected or undecided."""
    found = _with_verdict(Evaluation.objects.filter(project=project))
    if state:
        found = found.filter(job__state=state)
    if verdict:
        found = found.filter(Q(("verdict", None if verdict == "undecided" else verdict)))
    if run:
        found = found.filter(artifact__run__number=run)
    return found.order_by("-pk")


def list_artifact_evaluations(artifact: Artifact) -> QuerySet[Evaluation]:
    """All evaluations of one artifact, newest first."""
    return _with_verdict(Evaluation.objects.filter(artifact=artifact)).order_by("-pk")


def is_evaluating(run) -> bool:
    """Whether an evaluation of what the run left behind is on its way."""
    waiting = (Job.State.QUEUED, Job.State.RUNNING)
    return Evaluation.objects.filter(artifact__run=run, finished_at=None, job__state__in=waiting).exists()


def list_awaiting(project) -> QuerySet[Evaluation]:
    """Finished evaluations of real models that nobody has decided on, newest first."""
    found = Evaluation.objects.filter(project=project, finished_at__isnull=False, artifact__run__is_baseline=False)
    return _with_verdict(found).filter(Q(("verdict", None))).order_by("-pk")


def list_decisions(evaluation: Evaluation) -> QuerySet[EvaluationDecision]:
    return evaluation.decisions.select_related("created_by").order_by("-pk")


def is_approved(evaluation: Evaluation) -> bool:
    """Whether the newest decision is an approval."""
    newest = list_decisions(evaluation).first()
    return newest is not None and newest.verdict == EvaluationDecision.Verdict.APPROVED


def find_baseline(evaluation: Evaluation) -> Evaluation | None:
    """The trivial baseline's finished evaluation on the same version and split."""
    found = Evaluation.objects.filter(
        dataset_version=evaluation.dataset_version,
        split=evaluation.split,
        artifact__run__is_baseline=True,
        finished_at__isnull=False,
    )
    return found.exclude(pk=evaluation.pk).select_related(*RELATED).order_by("-pk").first()


def find_baselines(evaluations: Iterable[Evaluation]) -> dict[tuple[int, str], Evaluation]:
    """{(dataset version id, split): baseline's evaluation} for a page of evaluations, in one query."""
    versions = {e.dataset_version_id for e in evaluations}
    found = Evaluation.objects.filter(
        dataset_version__in=versions, artifact__run__is_baseline=True, finished_at__isnull=False
    ).defer("details")
    return {(e.dataset_version_id, e.split): e for e in found.order_by("pk")}


def find_evaluation(artifact: Artifact, dataset_version, split: str) -> Evaluation | None:
    """The finished evaluation of an artifact on one version and split."""
    found = Evaluation.objects.filter(artifact=artifact, dataset_version=dataset_version, split=split)
    return found.exclude(finished_at=None).select_related(*RELATED).first()


def list_comparable(evaluation: Evaluation) -> QuerySet[Evaluation]:
    """Other finished evaluations on the same version and split: what it can be compared with item by item."""
    found = Evaluation.objects.filter(
        project=evaluation.project,
        dataset_version=evaluation.dataset_version,
        split=evaluation.split,
        finished_at__isnull=False,
    )
    return _with_verdict(found.exclude(pk=evaluation.pk)).order_by("-pk")


def get_metrics(project) -> tuple[MetricDefinition, ...]:
    """The scores of the project's problem type."""
    return get_problem_type(project.problem_type).metrics


def compare_scores(project, metrics: Mapping[str, float], reference: Mapping[str, float]) -> list[rules.Comparison]:
    """The scores of the project's problem type beside those of a reference."""
    return rules.compare_scores(metrics, reference, get_metrics(project))


def list_gates(evaluation: Evaluation) -> list[GateResult]:
    """The charter's limits held against one evaluation."""
    charter = Charter.objects.filter(project=evaluation.project).order_by("-version").first()
    if charter is None:
        return []
    return check_charter(charter, evaluation.metrics, evaluation.latency_ms, evaluation.model_bytes)


def judge(evaluation: Evaluation, *, baseline: Evaluation | None, gates: Sequence[GateResult]) -> rules.Verdict:
    """What a person should read first about an evaluation."""
    metric = get_key_metric(evaluation.project)
    reference = baseline.metrics if baseline else {}
    rows = rules.compare_scores(evaluation.metrics, reference, [metric])
    failed = [gate.sentence for gate in gates if gate.passed is False]
    return rules.judge(key=rows[0] if rows else None, failed_gates=failed, has_gates=bool(gates))


def list_item_results(
    evaluation: Evaluation,
    *,
    truth: str = "",
    predicted: str = "",
    only: str = "",
    low: float | None = None,
    high: float | None = None,
    sort: str = "worst",
) -> QuerySet[ItemResult]:
    """Items of one evaluation. `only` is mistakes or correct; `low`/`high` bound the true number (regression)."""
    found = ItemResult.objects.filter(evaluation=evaluation)
    if truth:
        found = found.filter(truth=truth)
    if predicted:
        found = found.filter(predicted=predicted)
    if only in {"mistakes", "correct"}:
        found = found.filter(is_correct=only == "correct")
    if low is not None or high is not None:
        number = Cast("truth", FloatField())
        found = found.annotate(number=number)
        found = found.filter(number__gte=low) if low is not None else found
        found = found.filter(number__lte=high) if high is not None else found
    return found.order_by(*ITEM_SORTS.get(sort, ITEM_SORTS["worst"]))


def attach_items(results: Iterable[ItemResult]) -> list[tuple[ItemResult, Item | None]]:
    """Each result with its item, in one query; None for an item that has been deleted since."""
    results = list(results)
    items = Item.objects.in_bulk([result.item_id for result in results])
    return [(result, items.get(result.item_id)) for result in results]


def list_surest_mistakes(evaluation: Evaluation, limit: int = 12) -> list[tuple[ItemResult, Item | None]]:
    """The mistakes the model was surest of; for numbers, the largest errors."""
    is_regression = get_problem_type(evaluation.project.problem_type).label_kind == "number"
    found = list_item_results(evaluation, only="" if is_regression else "mistakes", sort="worst")
    if not is_regression:
        found = found.filter(confidence__isnull=False).order_by("-confidence", "pk")
    return attach_items(found[:limit])


def summarize_evaluate(project) -> StageSummary:
    """What the loop page shows of evaluation."""
    evaluations = Evaluation.objects.filter(project=project)
    working = evaluations.filter(job__state__in=(Job.State.QUEUED, Job.State.RUNNING)).count()
    finished = list_evaluations(project).filter(finished_at__isnull=False)
    newest = finished.filter(artifact__run__is_baseline=False).first()
    if newest is None:
        has_artifact = Artifact.objects.filter(run__project=project).exists()
        if working:
            return StageSummary(Stage.EVALUATE, StageState.WORKING, "Evaluating", (), "evaluations", "See evaluations")
        if has_artifact:
            state, headline = StageState.READY, "A trained model waits for its scores"
            return StageSummary(Stage.EVALUATE, state, headline, (), "evaluations", "Evaluate a model")
        return StageSummary(Stage.EVALUATE, StageState.EMPTY, "Needs a trained model")
    awaiting = list_awaiting(project).count()
    metric = get_key_metric(project)
    value = newest.metrics.get(metric.key)
    figures = [Figure(f"{metric.title} of run {newest.artifact.run.number}", "–" if value is None else f"{value:.4g}")]
    figures.append(Figure("await a decision", f"{awaiting:,}"))
    failed = [gate for gate in list_gates(newest) if gate.passed is False]
    if working:
        state, headline = StageState.WORKING, "Evaluating"
    elif failed and (approved := _find_approved(finished)):
        state = StageState.DONE
        headline = f"Run {approved.artifact.run.number} is approved; the newest misses the charter"
    elif failed:
        state, headline = StageState.ATTENTION, "The newest model misses the charter"
    else:
        state, headline = StageState.DONE, "The newest model meets the charter"
    action = ("review", "Review") if awaiting else ("evaluations", "See evaluations")
    return StageSummary(Stage.EVALUATE, state, headline, tuple(figures), *action)


def _find_approved(finished: QuerySet[Evaluation]) -> Evaluation | None:
    """The newest evaluation whose last decision let it pass and that meets the charter as it stands."""
    approved = finished.filter(Q(("verdict", EvaluationDecision.Verdict.APPROVED))).first()
    is_missing = approved is None or any(gate.passed is False for gate in list_gates(approved))
    return None if is_missing else approved


def count_mistakes(evaluation: Evaluation) -> int:
    """Items the model got wrong."""
    return ItemResult.objects.filter(evaluation=evaluation, is_correct=False).count()
