"""Remove what has served its time: expired sessions, old job logs, uploads never finished, leases that ran out."""

from workers.runtime import JobContext, job_task


@job_task("housekeeping", queue="io")
def housekeeping(context: JobContext) -> dict:
    from django.core.management import call_command

    from lifecycle.accounts.services import idempotency
    from lifecycle.annotations.services import delete_stale_leases
    from lifecycle.datasets.services import delete_stale_uploads
    from lifecycle.exploration.services import delete_old_acts
    from lifecycle.jobs import services

    call_command("clearsessions")
    return {
        "jobs_removed": services.prune(days=30),
        "replies_removed": idempotency.prune(),
        "leases_removed": delete_stale_leases(),
        "uploads_removed": delete_stale_uploads(),
        "acts_removed": delete_old_acts(),
    }
