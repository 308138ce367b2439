"""Compare the live traffic of every active deployment with its model's reference."""

from workers.runtime import JobContext, job_task


@job_task("drift", queue="io")
def drift(context: JobContext) -> dict:
    from lifecycle.deployments.models import Deployment
    from lifecycle.monitoring import services

    active = list(Deployment.objects.filter(state=Deployment.State.ACTIVE).select_related("project"))
    reports = 0
    for number, deployment in enumerate(active):
        context.report.progress(number / len(active), deployment.slug)
        with context.recording():
            reports += services.watch(deployment=deployment) is not None
    return {"deployments": len(active), "reports": reports}
