"""The steps that active learning adds to a pipeline: suggest, rank, and measure the random arm beside it."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from lifecycle.annotations.models import QueueSettings, SuggestionSource, Task
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.ordering import FROM_VECTORS, WORKED_OUT, request_ranking
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError
from lifecycle.datasets.models import DatasetVersion
from lifecycle.datasets.selectors import fetch_manifest
from lifecycle.embeddings.selectors import find_encoder
from lifecycle.evaluations import services as evaluations
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments import services as experiments
from lifecycle.experiments.models import Run
from lifecycle.experiments.selectors import get_key_metric
from lifecycle.jobs.models import Job
from lifecycle.pipelines import assistance
from lifecycle.pipelines.learning_models import LearningRound
from lifecycle.pipelines.models import PipelineRun, PipelineStep
from lifecycle.pipelines.steps import (
    Finish,
    Outcome,
    Start,
    State,
    find_evaluation,
    find_subject,
    finish_evaluate,
    finish_train,
    get_subject,
)
from lifecycle.projects.models import Project

Order = QueueSettings.Order
RANKED: dict[str, str] = {  # what a queue looks like once its order was worked out
    Order.UNCERTAINTY: "What the new model is least sure of comes first",
    Order.DIVERSITY: "What is least like everything labeled so far comes first",
    Order.CLUSTER: "Items that are alike come one after the other, with those that are new since the last round",
}
MIN_RANDOM_LABELS = 20  # fewer teach nothing that could be compared


def _start_score(pipeline: PipelineRun) -> Outcome:
    """The new model's suggestions; its score is a point of the curve, whatever happens to the rest of the round."""
    _record_point(pipeline)
    assistance.check_kind(pipeline.project)
    run = Run.objects.get(pk=find_subject(pipeline, "train"))
    artifact = run.artifacts.order_by("-pk").first()
    if artifact is None:
        raise DomainError("The training left no model behind.")
    source = assistance.find_loop_source(pipeline.project, pipeline.created_by)
    job = assistance.run_model(source=source, user=pipeline.created_by, artifact=artifact, version=f"run {run.number}")
    return Outcome(State.RUNNING, job=job, subject_type="suggestion_source", subject_id=source.pk)


def _finish_score(pipeline: PipelineRun, step: PipelineStep, job: Job | None) -> Outcome:
    source = SuggestionSource.objects.get(pk=get_subject(step))
    return Outcome(State.SUCCEEDED, [f"{source.written:,} open tasks have a suggestion of {source.version}."])


def _start_rank(pipeline: PipelineRun) -> Outcome:
    queue = find_settings(pipeline.project)
    if queue.order not in WORKED_OUT:
        named = "at random" if queue.order == QueueSettings.Order.RANDOM else "as items came in"
        return Outcome(State.SKIPPED, [f"The queue is ordered {named}: what a model learned changes nothing there."])
    if queue.order in FROM_VECTORS and not _has_vectors(pipeline.project):
        return Outcome(State.SKIPPED, ["The queue is ordered by likeness, and items have no vectors yet: draw a map."])
    job = request_ranking(project=pipeline.project, actor=pipeline.created_by)
    if job is None:
        job = QueueSettings.objects.select_related("rank_job").get(pk=queue.pk).rank_job
    return Outcome(State.RUNNING, job=job)


def _has_vectors(project: Project) -> bool:
    encoder = find_encoder(project)
    return encoder is not None and bool(encoder.dimension)


def _finish_rank(pipeline: PipelineRun, step: PipelineStep, job: Job | None) -> Outcome:
    order = job.result.get("order", "") if job else ""
    return Outcome(State.SUCCEEDED, [f"{RANKED[order]}, apart from the random share."] if order in RANKED else [])


def _start_random_train(pipeline: PipelineRun) -> Outcome:
    """A twin of the training that learns from the random arm's labels alone; skipped where that says nothing."""
    turn = LearningRound.objects.select_related("loop").get(pipeline=pipeline)
    if not turn.loop.compares:
        return Outcome(State.SKIPPED, ["The settings say not to train for the comparison."])
    version = DatasetVersion.objects.get(pk=find_subject(pipeline, "version"))
    chosen, total, classes = find_random_labels(pipeline, version)
    turn.random_labels, turn.train_labels = len(chosen), total
    turn.save(update_fields=["random_labels", "train_labels", "updated_at"])
    if len(chosen) < MIN_RANDOM_LABELS or classes < 2:
        return Outcome(State.SKIPPED, [f"The random arm has only {len(chosen)} labels to learn from so far."])
    if len(chosen) == total:
        return Outcome(State.SKIPPED, ["All labels are of the random arm: there is nothing to compare with yet."])
    ours = Run.objects.get(pk=find_subject(pipeline, "train"))
    run = experiments.start_run(
        project=pipeline.project,
        user=pipeline.created_by,
        recipe=ours.recipe,
        parameters=ours.parameters,
        seed=ours.seed,
        dataset_version=version,
        name=f"Random arm of round {turn.number}",
        subset_blob=_store_ids(chosen),
    )
    return Outcome(State.RUNNING, job=run.job, subject_type="run", subject_id=run.pk)


def find_random_labels(pipeline: PipelineRun, version: DatasetVersion) -> tuple[list[int], int, int]:
    """(items of the random arm, all labeled items, labels among the former) of a version's train split."""
    table = pq.read_table(fetch_manifest(version), columns=["item_id", "split", "label"])
    is_used = pc.and_(pc.equal(table.column("split"), "train"), pc.is_valid(table.column("label")))
    table = table.filter(is_used)
    tasks = Task.objects.filter(dataset__project=pipeline.project, is_random=True, item__label__isnull=False)
    random = pa.array(tasks.values_list("item_id", flat=True), pa.int64())
    chosen = table.filter(pc.is_in(table.column("item_id"), value_set=random))
    return chosen.column("item_id").to_pylist(), table.num_rows, len(pc.unique(chosen.column("label")))


def _store_ids(item_ids: list[int]) -> str:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"item_id": pa.array(item_ids, pa.int64())}), buffer)
    return open_blobs(settings.STORAGE_URL).put(buffer.getvalue())


def _start_random_evaluate(pipeline: PipelineRun) -> Outcome:
    trained = PipelineStep.objects.get(pipeline_run=pipeline, name="random_train")
    if trained.state == State.SKIPPED:
        return Outcome(State.SKIPPED, ["There is no model of the random arm in this round."])
    run = Run.objects.get(pk=get_subject(trained))
    artifact, ours = run.artifacts.order_by("-pk").first(), find_evaluation(pipeline)
    if artifact is None:
        raise DomainError("The training left no model behind.")
    evaluation = evaluations.evaluate(
        project=pipeline.project,
        user=pipeline.created_by,
        artifact=artifact,
        dataset_version=ours.dataset_version,
        split=ours.split,
    )
    return Outcome(State.RUNNING, job=evaluation.job, subject_type="evaluation", subject_id=evaluation.pk)


def _start_curve(pipeline: PipelineRun) -> Outcome:
    turn, metric = _record_point(pipeline), get_key_metric(pipeline.project)
    measured = "not measured" if turn.value is None else f"{turn.value:.4g}"
    said = [f"Round {turn.number}: {metric.title} is {measured} with {turn.labels:,} labels."]
    if turn.random_value is not None:
        said.append(f"Trained on the {turn.random_labels:,} of the random arm alone it is {turn.random_value:.4g}.")
    return Outcome(State.SUCCEEDED, said)


def _record_point(pipeline: PipelineRun) -> LearningRound:
    """What both evaluations of this round say so far."""
    turn, ours = LearningRound.objects.get(pipeline=pipeline), find_evaluation(pipeline)
    metric = get_key_metric(pipeline.project).key
    turn.metric, turn.value, turn.split = metric, ours.metrics.get(metric), ours.split
    turn.test_labels = ours.item_count
    if turn.train_labels is None:
        balance = (ours.dataset_version.summary.get("balance") or {}).get("train", {})
        turn.train_labels = sum(count for label, count in balance.items() if label) or None
    evaluated = PipelineStep.objects.get(pipeline_run=pipeline, name="random_evaluate")
    if evaluated.subject_id is not None:
        turn.random_value = Evaluation.objects.get(pk=evaluated.subject_id).metrics.get(metric)
    turn.save()
    return turn


START: dict[str, Start] = {
    "score": _start_score,
    "rank": _start_rank,
    "random_train": _start_random_train,
    "random_evaluate": _start_random_evaluate,
    "curve": _start_curve,
}
FINISH: dict[str, Finish] = {
    "score": _finish_score,
    "rank": _finish_rank,
    "random_train": finish_train,
    "random_evaluate": finish_evaluate,
}
