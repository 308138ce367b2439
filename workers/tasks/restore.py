"""Makes a dataset's labels and exclusions what they were in one of its versions."""

from lifecycle.annotations.services.restoring import restore_answers
from lifecycle.contracts.engine import Canceled
from lifecycle.datasets import selectors, services
from workers.runtime import JobContext, job_task

AT_ONCE = 200


@job_task("restore", queue="io")
def restore(context: JobContext):
    version = selectors.load_version(context.spec["version_id"])
    context.report.progress(0.05, "Items")
    with context.recording():
        items = services.restore_exclusions(version=version, user=context.job.created_by)
        dates = services.restore_event_times(version=version)
    changed = restored = 0
    for found in services.list_labels_that_differ(version):
        for at in range(0, len(found), AT_ONCE):
            if context.should_stop():
                raise Canceled
            part = found[at : at + AT_ONCE]
            with context.recording():
                restored += restore_answers(project=version.dataset.project, moment=version.created_at, labels=part)
            changed += len(part)
            context.report.progress(0.5, f"{restored:,} labels brought back")
    if changed > restored:
        context.report.log(f"{changed - restored:,} labels could not be brought back: answers were imported over them.")
    return {
        "restored": items.restored, "excluded": items.excluded, "labels": restored, "left": changed - restored,
        "event_times": dates,
    }  # fmt: skip
