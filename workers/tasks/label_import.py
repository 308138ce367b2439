"""Takes the labels of a file as answers: engine reads, pictures are found or fetched, batches are recorded."""

from __future__ import annotations

from itertools import islice

from lifecycle.annotations.services import label_imports
from lifecycle.contracts.label_imports import Rejected
from workers.engines import labels_import as engine
from workers.label_pictures import PictureFinder
from workers.loading import refresh_statistics
from workers.runtime import JobContext, job_task

SHOWN_REJECTS = 200
KEPT_SENTENCES = 20
MOST_CHARS = 500  # of a sentence


@job_task("label_import", queue="io")
def label_import(context: JobContext) -> dict:
    project, user = context.job.project, context.job.created_by
    assert project is not None
    path = context.blobs.fetch(context.spec["blob"], context.blob_dir)
    spec = label_imports.describe(job=context.job, path=str(path))
    counts = {"tasks": 0, "new_tasks": 0, "annotations": 0, "predictions": 0, "rejected": 0, "unanswered": 0}
    said: list[str] = []
    ids: list[int] = []

    def say(place: str, reason: str) -> None:
        if len(said) < KEPT_SENTENCES:
            said.append(f"{place}: {reason}"[:MOST_CHARS])
        if counts["rejected"] + counts["unanswered"] <= SHOWN_REJECTS:
            context.report.log(f"{place}: {reason}", "warning")

    def reject(place: str, reason: str) -> None:
        counts["rejected"] += 1
        say(place, reason)

    with PictureFinder(context, spec) as finder:
        source = engine.read(spec)
        while (drafts := list(islice(source, finder.batch_size))) and not context.should_stop():
            for one in drafts:
                if isinstance(one, Rejected):
                    reject(one.place, one.reason)
                elif one.note:
                    counts["unanswered"] += 1
                    say(one.place, one.note)
            good = [one for one in drafts if not isinstance(one, Rejected)]
            places, bodies, pictures, cells = finder.complete(good, reject)
            with context.recording():
                done, problems = label_imports.import_batch(
                    project=project, user=user, tasks=bodies, pictures=pictures, cells=cells
                )
            for place, reason in problems:
                reject(places[place], reason)
            counts["tasks"] += len(done.task_ids)
            ids += done.task_ids[: label_imports.MAX_TOLD + 1 - len(ids)]
            counts["new_tasks"] += done.new_count
            counts["annotations"] += done.annotation_count
            counts["predictions"] += done.prediction_count
            context.report.progress(0.0, f"{counts['tasks']:,} tasks, {counts['rejected']:,} set aside")
    refresh_statistics()
    told = {"task_ids": ids} if len(ids) <= label_imports.MAX_TOLD else {}
    return {**counts, "said": said} | told
