"""claim → heartbeat → progress → finish: the one path every job takes, whatever its kind."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from lifecycle.common.blobs import BlobStore, LocalBlobs, open_blobs
from lifecycle.common.errors import DomainError
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.jobs import JOB_QUEUES, task_name
from lifecycle.jobs import rules, services
from lifecycle.jobs.models import Job
from lifecycle.jobs.services import LeaseLost
from lifecycle.pipelines import services as pipelines
from workers.celery import app

logger = logging.getLogger(__name__)
Body = Callable[["JobContext"], Mapping[str, Any] | None]
BODIES: dict[str, Body] = {}
DATABASE_PATIENCE_SECONDS = 60


class RetryLater(Exception):
    """Raised by a task that wants another attempt: retry as a value."""

    def __init__(self, seconds: float, reason: str):
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


class JobContext:
    """What a task is handed: the job, a report, a question, a folder, and the only way to write results."""

    def __init__(self, job: Job):
        self.job = job
        self.spec: dict[str, Any] = job.spec
        self.fence = job.fence
        self.report = JobReport()
        self._stop = threading.Event()
        self.is_lost = False
        self._flushed_at = 0.0

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def request_stop(self) -> None:
        self._stop.set()

    def recording(self):
        """One transaction that holds the job's row; raises LeaseLost for a stale worker."""
        return services.recording(self.job.pk, fence=self.fence)

    def report_with(self, *, metrics=None, checkpoint=None) -> JobReport:
        """The report, with what this kind of job does about metrics and checkpoints."""
        self.report.on_metrics = metrics or self.report.on_metrics
        self.report.on_checkpoint = checkpoint or self.report.on_checkpoint
        return self.report

    @property
    def workdir(self) -> Path:
        """A folder of this job on this machine; survives attempts, removed once the job has ended well."""
        path = Path(settings.RUNS_DIR) / str(self.job.pk)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def blobs(self) -> BlobStore:
        return open_blobs(settings.STORAGE_URL)

    @property
    def blob_dir(self) -> Path:
        """A local folder laid out as the blob store; with S3, a cache that `blobs.fetch` fills."""
        store = self.blobs
        return store.root if isinstance(store, LocalBlobs) else Path(settings.GRISTMILL_HOME) / "cache" / "blobs"

    def flush(self) -> None:
        """Write progress and log, renew the lease, learn of a cancel."""
        lines = self.report.take_lines()
        services.append_log(self.job.pk, fence=self.fence, lines=lines)
        answer = services.heartbeat(
            self.job.pk, fence=self.fence, progress=self.report.fraction, message=self.report.message
        )
        self.is_lost = not answer.is_held
        if self.is_lost or answer.is_cancel_requested:
            self.request_stop()

    def flush_now_and_then(self) -> None:
        """What the heart does, for a job that runs without one: at most twice a second, and not while other threads
        read over this thread's connection (`share_moment`)."""
        if connection.allow_thread_sharing:
            return
        if time.monotonic() - self._flushed_at > 0.5:
            self._flushed_at = time.monotonic()
            self.flush()


class JobReport:
    """contracts.engine.Report, buffered: engines call it as often as they like."""

    def __init__(self) -> None:
        self.fraction: float | None = None
        self.message: str | None = None
        self._lines: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self.on_metrics: Callable[[int, Mapping[str, float]], None] | None = None
        self.on_checkpoint: Callable[[str, int], None] | None = None
        self.on_progress: Callable[[], None] | None = None

    def progress(self, fraction: float, message: str = "") -> None:
        self.fraction, self.message = fraction, message
        if self.on_progress:
            self.on_progress()

    def log(self, message: str, level: str = "info") -> None:
        with self._lock:
            self._lines.append((level, message))

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        if self.on_metrics:
            self.on_metrics(step, values)

    def checkpoint(self, path: str, step: int) -> None:
        if self.on_checkpoint:
            self.on_checkpoint(path, step)

    def take_lines(self) -> list[tuple[str, str]]:
        with self._lock:
            lines, self._lines = self._lines, []
        return lines


class Heart(threading.Thread):
    """Beats while the task works: renews the lease, writes progress, passes a cancel on, ends what ignores one."""

    def __init__(self, context: JobContext):
        super().__init__(name=f"heart-{context.job.pk}", daemon=True)
        self.context = context
        self._done = threading.Event()

    def run(self) -> None:
        stop_seen_at = None
        while not self._done.wait(1.0 if self.context.report.fraction is not None else rules.HEARTBEAT_SECONDS):
            try:
                close_old_connections()
                self.context.flush()
            except (OperationalError, InterfaceError) as error:
                logger.warning("job %s: heartbeat failed, trying again: %s", self.context.job.pk, error)
                connection.close()
            if self.context.should_stop():
                stop_seen_at = stop_seen_at or time.monotonic()
                if time.monotonic() - stop_seen_at > rules.CANCEL_GRACE_SECONDS:
                    self._end_process()
        connection.close()

    def stop(self) -> None:
        self._done.set()
        self.join(timeout=10)

    def _end_process(self) -> None:
        reason = f"Canceled; the work did not stop by itself within {rules.CANCEL_GRACE_SECONDS} s and was killed."
        services.abandon(self.context.job.pk, fence=self.context.fence, reason=reason)
        os.kill(os.getpid(), signal.SIGKILL)


def job_task(kind: str, *, queue: str) -> Callable[[Body], Body]:
    """Register the body of one kind of job, and the Celery task that a message for it wakes."""
    if JOB_QUEUES.get(kind) != queue:
        raise ValueError(f"lifecycle.contracts.jobs.JOB_QUEUES must say that {kind!r} waits in {queue!r}")

    def register(body: Body) -> Body:
        BODIES[kind] = body

        @app.task(name=task_name(kind))
        def celery_task(*, job_id: int) -> None:
            execute(job_id)

        return body

    return register


def execute(job_id: int, *, worker: str | None = None, has_heart: bool = True) -> None:
    """Run one job if it can be claimed; otherwise do nothing, however often the message comes."""
    if has_heart:
        close_old_connections()
    job = services.claim(job_id, worker=worker or f"{socket.gethostname()}:{os.getpid()}")
    if job is None:
        return
    context = JobContext(job)
    heart = Heart(context) if has_heart else None
    if heart:
        heart.start()
    else:
        context.report.on_progress = context.flush_now_and_then
    try:
        outcome = _run_body(context)
    finally:
        if heart:
            heart.stop()
    _patiently(lambda: _settle(context, outcome), has_heart)
    _patiently(lambda: pipelines.on_job_ended(job_id=job_id), has_heart)


def _run_body(context: JobContext) -> Mapping[str, Any] | BaseException:
    """The task's result, or what it raised."""
    try:
        result = BODIES[context.job.kind](context)
    except Exception as error:  # noqa: BLE001  (whatever a task raises ends in _settle, its traceback kept)
        return error
    return result or {}


def _settle(context: JobContext, outcome: Mapping[str, Any] | BaseException) -> None:
    """Write how the job ended: done, canceled, another attempt, or failed with a sentence."""
    job_id, fence, job = context.job.pk, context.fence, context.job
    context.flush()
    if isinstance(outcome, LeaseLost) or context.is_lost:
        logger.warning("job %s: the lease was lost, this worker's work is dropped", job_id)
    elif not isinstance(outcome, BaseException):
        if services.succeed(job_id, fence=fence, result=outcome):
            shutil.rmtree(context.workdir, ignore_errors=True)
    elif isinstance(outcome, Canceled):
        services.record_canceled(job_id, fence=fence)
    elif isinstance(outcome, RetryLater):
        services.postpone(job_id, fence=fence, seconds=outcome.seconds, reason=outcome.reason)
    elif isinstance(outcome, DomainError | ValueError):
        services.fail(job_id, fence=fence, error=str(outcome), traceback=_format(outcome))
    elif job.attempt < job.max_attempts:
        reason = f"{type(outcome).__name__}: {outcome}"
        seconds = rules.backoff_seconds(job.attempt)
        services.postpone(job_id, fence=fence, seconds=seconds, reason=reason, traceback=_format(outcome))
    else:
        sentence = f"Failed after {job.attempt} attempts: {type(outcome).__name__}: {outcome}"
        services.fail(job_id, fence=fence, error=sentence, traceback=_format(outcome))


def _patiently(write: Callable[[], None], may_wait: bool) -> None:
    """Try a database write until it goes through, for a minute; after that the sweeper takes the job back."""
    deadline = time.monotonic() + (DATABASE_PATIENCE_SECONDS if may_wait else 0)
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _format(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
