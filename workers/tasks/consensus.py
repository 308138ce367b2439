"""Settles the labels of items that several people answered."""

from lifecycle.annotations.models import ConsensusRun
from lifecycle.annotations.services import consensus as service
from workers.runtime import JobContext, job_task


@job_task("consensus", queue="cpu")
def consensus(context: JobContext) -> dict:
    run = ConsensusRun.objects.select_related("project", "created_by").get(pk=context.spec["run_id"])
    run = service.work_out(
        run,
        recording=context.recording,
        advance=lambda fraction: context.report.progress(fraction, "Writing final labels"),
        should_stop=context.should_stop,
    )
    return {"items": run.item_count, "changed": run.changed_count, "doubtful": run.doubtful_count}
