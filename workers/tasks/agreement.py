"""Compares what people answered to the same items."""

from lifecycle.annotations.services import agreement as service
from lifecycle.projects.models import Project
from workers.runtime import JobContext, job_task


@job_task("agreement", queue="cpu")
def agreement(context: JobContext) -> dict:
    project = Project.objects.get(pk=context.spec["project_id"])
    result = service.compare_answers(
        project,
        advance=lambda items: context.report.progress(0.0, f"{items:,} items compared"),
        should_stop=context.should_stop,
    )
    with context.recording():
        report = service.record(project=project, job=context.job, result=result)
    return {"report": report.pk, "items": result["items"], "answers": result["answers"]}
