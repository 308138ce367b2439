"""Evaluate one artifact on one split of a dataset version."""

from __future__ import annotations

from typing import Any

from lifecycle.contracts.evaluation import EvaluateSpec
from lifecycle.evaluations import selectors, services
from workers.materialize import materialize_version
from workers.runtime import JobContext, job_task
from workers.tasks.files import fetch_files


@job_task("evaluate", queue="cpu")
def evaluate(context: JobContext) -> dict[str, Any]:
    from workers.engines.evaluate import run as run_engine  # scikit-learn and onnxruntime: only where needed

    evaluation = selectors.load_evaluation(context.spec["evaluation_id"])
    folder = context.workdir / "artifact"
    fetch_files(evaluation.artifact.files, folder, blobs=context.blobs, cache=context.blob_dir)
    dataset = materialize_version(evaluation.dataset_version, context)
    spec = EvaluateSpec(artifact_dir=str(folder), dataset=dataset, split=evaluation.split)
    result = run_engine(spec, workdir=context.workdir, report=context.report, should_stop=context.should_stop)
    items_blob = context.blobs.put_file(result.items_path)
    with context.recording():
        services.record_result(evaluation=evaluation, result=result, items_blob=items_blob)
    return {"evaluation": evaluation.pk, "metrics": result.metrics}
