"""Verbs on jobs: enqueue, claim, heartbeat, finish, cancel, sweep. Nothing else publishes or moves a job's state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InternalError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string
from psycopg.errors import IdleInTransactionSessionTimeout

from lifecycle.common.errors import Conflict
from lifecycle.contracts.jobs import JOB_QUEUES
from lifecycle.jobs import rules
from lifecycle.jobs.models import Job, JobAttempt, JobLog, WorkerNode

logger = logging.getLogger(__name__)

State = Job.State
ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELED)


class LeaseLost(Exception):
    """Another worker has claimed the job since, or it was ended: this one's writes no longer count."""


@dataclass(frozen=True)
class Heartbeat:
    """What a heartbeat told the worker."""

    is_held: bool
    is_cancel_requested: bool


def enqueue(
    *,
    kind: str,
    title: str,
    spec: Mapping[str, Any],
    project=None,
    created_by=None,
    subject_type: str = "",
    subject_id: int | None = None,
    queue: str | None = None,
    max_attempts: int = 3,
    idempotency_key: str | None = None,
) -> Job:
    """Write the job and, once the transaction commits, wake a worker. The same idempotency key gives the same job."""
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                title=title[:200],
                spec=dict(spec),
                project=project,
                created_by=created_by,
                subject_type=subject_type,
                subject_id=subject_id,
                queue=queue or JOB_QUEUES[kind],
                max_attempts=max_attempts,
                idempotency_key=idempotency_key,
            )
    except IntegrityError:
        existing = Job.objects.filter(idempotency_key=idempotency_key).first() if idempotency_key else None
        if existing is None:
            raise
        return existing
    transaction.on_commit(lambda: publish(job.pk))
    return job


def publish(job_id: int) -> None:
    """Send the wake-up for a queued job. A broker that is down costs nothing but time: the sweeper sends it again."""
    job = Job.objects.filter(pk=job_id, state=State.QUEUED).first()
    if job is None:
        return
    try:
        import_string(settings.JOB_PUBLISHER)(kind=job.kind, queue=job.queue, job_id=job.pk)
    except OSError as error:
        logger.warning("job %s not published, the sweeper will try again: %s", job_id, error)
        return
    Job.objects.filter(pk=job_id, state=State.QUEUED).update(published_at=Now())


def claim(job_id: int, *, worker: str) -> Job | None:
    """Take a queued job (or one whose lease ran out) by one conditional update; None when it is not to be had."""
    free = Q(state=State.QUEUED) & (Q(not_before=None) | Q(not_before__lte=Now()))
    expired = Q(state=State.RUNNING, lease_expires_at__lt=Now())
    with _brief_transaction():
        taken = Job.objects.filter(free | expired, pk=job_id, cancel_requested_at=None).update(
            state=State.RUNNING,
            fence=F("fence") + 1,
            attempt=F("attempt") + 1,
            worker=worker,
            lease_expires_at=Now() + timedelta(seconds=rules.LEASE_SECONDS),
            heartbeat_at=Now(),
            started_at=Now(),
            not_before=None,
            error="",
            traceback="",
        )
        if not taken:
            return None
        job = Job.objects.select_related("project", "created_by").get(pk=job_id)
        _end_attempts(job_id, outcome="lost")
        JobAttempt.objects.create(job=job, number=job.attempt, fence=job.fence, worker=worker)
    return job


def heartbeat(
    job_id: int,
    *,
    fence: int,
    progress: float | None = None,
    message: str | None = None,
) -> Heartbeat:
    """Renew the lease and say how far the work is."""
    lease = Now() + timedelta(seconds=rules.LEASE_SECONDS)
    changes: dict[str, Any] = {"lease_expires_at": lease, "heartbeat_at": Now()}
    if progress is not None:
        changes["progress"] = min(max(progress, 0.0), 1.0)
    if message is not None:
        changes["message"] = message[:300]
    held = Job.objects.filter(pk=job_id, fence=fence, state=State.RUNNING).update(**changes)
    if not held:
        return Heartbeat(is_held=False, is_cancel_requested=False)
    requested = Job.objects.filter(pk=job_id, cancel_requested_at__isnull=False).exists()
    return Heartbeat(is_held=True, is_cancel_requested=requested)


def append_log(job_id: int, *, fence: int, lines: Sequence[tuple[str, str]]) -> None:
    """Add (level, text) lines; those of a stale worker are dropped."""
    if lines and Job.objects.filter(pk=job_id, fence=fence).exists():
        JobLog.objects.bulk_create([JobLog(job_id=job_id, level=level[:8], text=_clean(text)) for level, text in lines])


@contextmanager
def recording(job_id: int, *, fence: int):
    """One transaction that commits only while the job is still ours: whatever a worker writes, it writes inside.

    Raises LeaseLost for a stale worker: at the start where that is known already, else at the end, where the row is
    locked until the commit. In between heartbeats pass, so a long write neither loses its lease nor hides a cancel.
    """
    with transaction.atomic():
        yield _check_held(Job.objects.all(), job_id, fence)
        _check_held(Job.objects.select_for_update(), job_id, fence)


def _check_held(jobs, job_id: int, fence: int) -> Job:
    job = jobs.filter(pk=job_id, fence=fence, state=State.RUNNING).first()
    if job is None:
        raise LeaseLost(f"job {job_id} is no longer held with fence {fence}")
    return job


def succeed(job_id: int, *, fence: int, result: Mapping[str, Any]) -> bool:
    """The work is done; False when the worker's claim is stale and nothing was written."""
    return _finish(job_id, fence, State.SUCCEEDED, progress=1.0, result=dict(result))


def renew_attempts(job_id: int, *, fence: int) -> None:
    """This attempt got somewhere: if it is killed, the next one counts as the second again."""
    Job.objects.filter(pk=job_id, fence=fence, state=State.RUNNING).update(attempt=1)


def fail(job_id: int, *, fence: int, error: str, traceback: str = "") -> bool:
    return _finish(job_id, fence, State.FAILED, error=_clean(error), traceback=_clean(traceback))


def record_canceled(job_id: int, *, fence: int) -> bool:
    return _finish(job_id, fence, State.CANCELED, error="Canceled.")


def postpone(job_id: int, *, fence: int, seconds: float, reason: str, traceback: str = "") -> bool:
    """Back into the queue for another attempt after `seconds`."""
    with _brief_transaction():
        moved = Job.objects.filter(pk=job_id, fence=fence, state=State.RUNNING).update(
            state=State.QUEUED,
            fence=F("fence") + 1,
            not_before=Now() + timedelta(seconds=seconds),
            published_at=None,
            lease_expires_at=None,
            error=_clean(reason),
            traceback=_clean(traceback),
        )
        if moved:
            _end_attempts(job_id, outcome="retried", error=reason)
    return bool(moved)


def cancel(*, job: Job) -> Job:
    """Stop a job: at once while it waits, within seconds while it runs. Raises Conflict when it has ended."""
    with transaction.atomic():
        locked = Job.objects.select_for_update().get(pk=job.pk)
        if locked.state in ENDED:
            raise Conflict(f"This job has already {locked.get_state_display().lower()}.")
        if locked.cancel_requested_at is None:
            locked.cancel_requested_at = timezone.now()
            if locked.state == State.QUEUED:
                locked.state, locked.error, locked.finished_at = State.CANCELED, "Canceled.", timezone.now()
            locked.save(update_fields=["cancel_requested_at", "state", "error", "finished_at", "updated_at"])
    return locked


def retry(*, job: Job) -> Job:
    """Queue a failed or canceled job again, with a fresh count of attempts."""
    with transaction.atomic():
        moved = Job.objects.filter(pk=job.pk, state__in=[State.FAILED, State.CANCELED]).update(
            state=State.QUEUED,
            fence=F("fence") + 1,
            attempt=0,
            progress=0,
            message="",
            error="",
            traceback="",
            cancel_requested_at=None,
            not_before=None,
            published_at=None,
            finished_at=None,
            lease_expires_at=None,
        )
        if not moved:
            raise Conflict("Only a job that failed or was canceled can be started again.")
        transaction.on_commit(lambda: publish(job.pk))
    return Job.objects.get(pk=job.pk)


def abandon(job_id: int, *, fence: int, reason: str) -> None:
    """Let go of a job whose process is about to be killed because it ignored a cancel."""
    _finish(job_id, fence, State.CANCELED, error=reason)


def report_worker(*, name: str, queues: Sequence[str], hostname: str, pid: int, concurrency: int) -> None:
    """A worker process says that it is alive."""
    WorkerNode.objects.update_or_create(
        name=name,
        defaults={
            "queues": list(queues),
            "hostname": hostname,
            "pid": pid,
            "concurrency": concurrency,
            "heartbeat_at": timezone.now(),
        },
    )


def sweep(*, count_waiting: Callable[[str], int | None]) -> dict[str, int]:
    """Give back jobs whose worker is gone, and wake workers for queued jobs whose message is gone.

    `count_waiting(queue)` says how many messages the broker holds, None when it cannot tell. Many may call at once:
    one does the work, the others return at once.
    """
    with _brief_transaction() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [0x6A6F6273])
        if not cursor.fetchone()[0]:
            return {"lost": 0, "republished": 0}
        lost = _release_expired()
        _forget_dead_workers()
    lost_messages = _find_unpublished(count_waiting)  # nobody waits while the broker is asked
    for job_id in lost_messages:
        publish(job_id)
    return {"lost": lost, "republished": len(lost_messages)}


def _release_expired() -> int:
    expired = Job.objects.select_for_update(skip_locked=True).filter(
        state=State.RUNNING, lease_expires_at__lt=timezone.now()
    )
    jobs = list(expired)
    for job in jobs:
        _release(job)
    return len(jobs)


def _release(job: Job) -> None:
    _end_attempts(job.pk, outcome="lost", error="The worker stopped answering.")
    job.fence += 1
    job.lease_expires_at = job.published_at = None
    if job.cancel_requested_at:
        job.state, job.error, job.finished_at = State.CANCELED, "Canceled.", timezone.now()
    elif job.attempt >= job.max_attempts:
        job.state, job.finished_at = State.FAILED, timezone.now()
        job.error = (
            f"The worker stopped answering in each of {job.attempt} attempts; it may have run out of memory. "
            "See the log, then start the job again."
        )
    else:
        job.state = State.QUEUED
        job.message = "The worker stopped answering; waiting for another."
    job.save()


def _find_unpublished(count_waiting: Callable[[str], int | None]) -> list[int]:
    due = Job.objects.filter(state=State.QUEUED).filter(Q(not_before=None) | Q(not_before__lte=Now()))
    overdue = timezone.now() - timedelta(seconds=rules.REPUBLISH_SECONDS)
    stale = list(due.filter(Q(published_at=None) | Q(published_at__lt=overdue)).order_by("pk")[:1000])
    wanted = []
    for queue in {job.queue for job in stale}:
        jobs = [job for job in stale if job.queue == queue]
        waiting = count_waiting(queue)
        missing = len(jobs) if waiting is None else max(0, due.filter(queue=queue).count() - waiting)
        never = [job.pk for job in jobs if job.published_at is None]
        again = sorted((j.published_at, j.pk) for j in jobs if j.published_at)
        wanted += never + [pk for _, pk in again[: max(0, missing - len(never))]]
    return wanted


def _forget_dead_workers() -> None:
    WorkerNode.objects.filter(heartbeat_at__lt=timezone.now() - timedelta(days=1)).delete()


@contextmanager
def _brief_transaction() -> Iterator[CursorWrapper]:
    """One whose locks others need: should this process freeze or be cut off inside, Postgres ends both.

    Raises OperationalError then, as for every other connection that is gone.
    """
    is_outermost = not connection.in_atomic_block
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if is_outermost:
                limit = f"{rules.SILENCE_SECONDS * 1000:.0f}ms"
                cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [limit])
            yield cursor
    except InternalError as error:
        if isinstance(error.__cause__, IdleInTransactionSessionTimeout):
            raise OperationalError(str(error)) from error
        raise


def _finish(job_id: int, fence: int, state: str, **changes: Any) -> bool:
    with _brief_transaction():
        done = Job.objects.filter(pk=job_id, fence=fence, state=State.RUNNING).update(
            state=state, finished_at=Now(), lease_expires_at=None, **changes
        )
        if done:
            _end_attempts(job_id, outcome=state, error=changes.get("error", ""))
    return bool(done)


def _end_attempts(job_id: int, *, outcome: str, error: str = "") -> None:
    JobAttempt.objects.filter(job_id=job_id, ended_at=None).update(ended_at=Now(), outcome=outcome, error=error)


def _clean(text: str) -> str:
    """Postgres stores no NUL; a library's error text may hold one."""
    return text.replace("\x00", "")


def prune(*, days: int) -> int:
    """Delete scheduled jobs without a project that ended well more than `days` ago; returns how many."""
    oldest = timezone.now() - timedelta(days=days)
    routine = Job.objects.filter(project=None, state=State.SUCCEEDED, finished_at__lt=oldest)
    return routine.delete()[1].get("jobs.Job", 0)
