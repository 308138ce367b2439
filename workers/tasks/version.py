"""Freezes what is in a dataset now as an immutable version."""

from lifecycle.annotations.selectors import find_schema
from lifecycle.datasets import selectors, services
from workers.runtime import JobContext, job_task


@job_task("version", queue="io")
def version(context: JobContext):
    dataset = selectors.load_dataset(context.spec["dataset_id"])
    with context.recording():
        services.balance_small_splits(dataset=dataset)
    context.report.progress(0.1, "Writing the manifest")
    manifest, facts = services.export_items(dataset=dataset, folder=context.workdir)
    schema = find_schema(dataset.project)
    summary = services.summarize_manifest(dataset=dataset, manifest=manifest)
    digest = context.blobs.put_file(manifest)
    with context.recording():
        found, is_new = services.record_version(
            dataset=dataset,
            user=context.job.created_by,
            job=context.job,
            message=context.spec["message"],
            facts=facts,
            classes=schema.classes if schema else [],
            summary=summary,
            manifest_blob=digest,
        )
    return {"version": found.number, "version_id": found.pk, "is_new": is_new, "item_count": found.item_count}
