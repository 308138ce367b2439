"""Reads on jobs, workers and queues."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from lifecycle.common.errors import NotFound
from lifecycle.contracts.jobs import QUEUES
from lifecycle.jobs import rules
from lifecycle.jobs.models import Job, JobLog, WorkerNode

ACTIVE = (Job.State.QUEUED, Job.State.RUNNING)


def get_job(project, job_id: int) -> Job:
    """One job of a project; NotFound when it has none such."""
    job = Job.objects.filter(project=project, pk=job_id).select_related("created_by", "project").first()
    if job is None:
        raise NotFound("There is no such job in this project.")
    return job


def list_jobs(project=None, *, state: str = "", kind: str = "", queue: str = "", search: str = "") -> QuerySet[Job]:
    """Newest first; of every project when `project` is None (site admins only)."""
    jobs = Job.objects.select_related("created_by", "project").defer("traceback", "spec", "result")
    if project is not None:
        jobs = jobs.filter(project=project)
    wanted = {"state": state, "kind": kind, "queue": queue}
    jobs = jobs.filter(**{name: value for name, value in wanted.items() if value})
    if search:
        jobs = jobs.filter(title__icontains=search)
    return jobs.order_by("-id")


def find_latest(*, subject_type: str, subject_id: int, kind: str = "") -> Job | None:
    """The newest job that works on one subject, of one kind if it is named."""
    jobs = Job.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return (jobs.filter(kind=kind) if kind else jobs).order_by("-id").first()


def count_active(project) -> int:
    return Job.objects.filter(project=project, state__in=ACTIVE).count()


def list_log(job: Job, *, after: int = 0, limit: int = 500) -> list[JobLog]:
    """Log lines after line id `after`; without it, the newest `limit` lines, oldest first."""
    lines = JobLog.objects.filter(job=job)
    if after:
        return list(lines.filter(pk__gt=after).order_by("pk")[:limit])
    return list(reversed(lines.order_by("-pk")[:limit]))


def list_workers() -> list[WorkerNode]:
    """Workers that have been heard of within the last moments, by name."""
    return list(_alive_workers().order_by("name"))


def _alive_workers() -> QuerySet[WorkerNode]:
    oldest = timezone.now() - timedelta(seconds=rules.WORKER_ALIVE_SECONDS)
    return WorkerNode.objects.filter(heartbeat_at__gte=oldest)


def summarize_queues() -> list[dict]:
    """Per queue: waiting and running jobs, age of the oldest waiting one in seconds, workers that listen."""
    counts: dict[str, dict[str, Any]] = {
        row["queue"]: dict(row)
        for row in Job.objects.filter(state__in=ACTIVE)
        .values("queue")
        .annotate(
            waiting=Count("pk", filter=Q(state=Job.State.QUEUED)),
            running=Count("pk", filter=Q(state=Job.State.RUNNING)),
            oldest=Min("created_at", filter=Q(state=Job.State.QUEUED)),
        )
    }
    workers = list_workers()
    now = timezone.now()
    summary = []
    for queue in sorted(set(QUEUES) | set(counts), key=lambda q: (q not in QUEUES, q)):
        row: dict[str, Any] = counts.get(queue, {"waiting": 0, "running": 0, "oldest": None})
        listening = [w.name for w in workers if queue in w.queues]
        age = (now - row["oldest"]).total_seconds() if row["oldest"] else None
        summary.append({**row, "queue": queue, "oldest_seconds": age, "workers": listening})
    return summary


def explain_waiting(job: Job) -> str:
    """Why a queued job does not run yet, in a sentence; empty when it is not waiting."""
    if job.state != Job.State.QUEUED:
        return ""
    if job.not_before and job.not_before > timezone.now():
        seconds = round((job.not_before - timezone.now()).total_seconds())
        return f"Attempt {job.attempt + 1} of {job.max_attempts} starts in {seconds} s: {job.error}"
    if not _alive_workers().filter(queues__contains=[job.queue]).exists():
        return (
            f"No worker listens on the queue “{job.queue}”. Start one with "
            f"`celery -A workers.celery worker -Q {job.queue}`; the job begins by itself then."
        )
    ahead = Job.objects.filter(state=Job.State.QUEUED, queue=job.queue, pk__lt=job.pk).count()
    return f"Waiting for a free worker; {ahead} ahead in the queue “{job.queue}”." if ahead else "Starting…"


def estimate_remaining_seconds(job: Job) -> float | None:
    """Seconds until a running job is done, going by its speed so far; None when nobody can tell."""
    if job.state != Job.State.RUNNING or job.started_at is None:
        return None
    elapsed = (timezone.now() - job.started_at).total_seconds()
    return rules.estimate_remaining_seconds(elapsed, job.progress)
