"""Searches what is in a dataset for copies, outliers, doubtful labels, leaks and damage."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.profile import ROW_TOLERANCE, FindingsSpec
from lifecycle.datasets.selectors import load_dataset
from lifecycle.exploration import services
from workers.runtime import JobContext, job_task
from workers.tasks.profile import list_columns, list_label_names, materialize_items


@job_task("findings", queue="cpu")
def findings(context: JobContext) -> dict[str, Any]:
    from workers.engines.findings import run  # scikit-learn, LightGBM and OpenCV: only where needed

    dataset = load_dataset(context.spec["dataset_id"])
    spec = FindingsSpec(
        item_kind=dataset.item_kind,
        label_kind=get_problem_type(dataset.project.problem_type).label_kind,
        dataset=materialize_items(dataset, context),
        facts_path=str(services.export_facts(dataset=dataset, folder=context.workdir)),
        columns=list_columns(dataset),
        label_names=list_label_names(dataset.project, None),
        weights_dir=str(settings.PACKAGES_DIR),
        row_tolerance=context.spec.get("row_tolerance", ROW_TOLERANCE),
    )
    result = run(spec, workdir=context.workdir, report=context.report, should_stop=context.should_stop)
    with context.recording():
        scan = services.record_findings(dataset=dataset, job=context.job, result=result)
    return {"scan": scan.pk, "counts": scan.counts}
