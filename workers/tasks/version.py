"""Freezes what is in a dataset now as an immutable version."""

from lifecycle.annotations.selectors import find_schema
from lifecycle.annotations.services.adopt import ANNOTATION_TABLE
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Dataset
from lifecycle.pipelines.card_history import keep_history_soon
from workers.crops import find_crops
from workers.engines.ingest.fingerprints import find_near
from workers.engines.ingest.row_prints import print_rows, settle_spreads
from workers.runtime import JobContext, job_task

ROUNDS = 3
FEW = 200  # pictures: seconds that an import may wait for their comparison


def _find_crops_but_few(context: JobContext, dataset: Dataset) -> None:
    """While imports go on: what comes in meanwhile is left, so that they wait for that alone."""
    for _ in range(ROUNDS):
        _, compared = find_crops(context, dataset)
        if compared < FEW:
            return


@job_task("version", queue="io")
def version(context: JobContext):
    dataset = selectors.load_dataset(context.spec["dataset_id"])
    services.fill_row_prints(
        dataset=dataset,
        settle_spreads=settle_spreads,
        print_rows=print_rows,
        recording=context.recording,
        report=context.report.progress,
    )
    _find_crops_but_few(context, dataset)
    with services.hold_items(dataset) as let_go:  # nothing comes in that was not compared and has no side yet
        find_crops(context, dataset)
        with context.recording():
            services.balance_small_splits(dataset=dataset, find_near=find_near)
        snapshot = services.take_snapshot(
            dataset=dataset,
            folder=context.workdir,
            annotation_table=ANNOTATION_TABLE,
            report=context.report.progress,
            on_moment=let_go,
        )
    schema = find_schema(dataset.project)
    with context.recording():
        found, is_new = services.record_version(
            dataset=dataset,
            user=context.job.created_by,
            job=context.job,
            message=context.spec["message"],
            snapshot=snapshot,
            classes=schema.classes if schema else [],
        )
        keep_history_soon(found)
    return {"version": found.number, "version_id": found.pk, "is_new": is_new, "item_count": found.item_count}
