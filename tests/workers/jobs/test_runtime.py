"""The path every job takes, run in this process."""

import pytest

from lifecycle.common.errors import DomainError
from lifecycle.contracts.engine import Canceled
from lifecycle.contracts.jobs import JOB_QUEUES, TASK_PREFIX
from lifecycle.jobs import services
from lifecycle.jobs.models import JobLog
from workers import runtime
from workers.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def job_that(monkeypatch, run_jobs):
    """job_that(body) enqueues a job whose task is `body`, runs it once and returns it."""

    def run(body, **changes):
        monkeypatch.setitem(runtime.BODIES, "ingest", body)
        job = services.enqueue(kind="ingest", title="t", spec={"n": 2}, **changes)
        runtime.execute(job.pk, worker="test", has_heart=False)
        job.refresh_from_db()
        return job

    return run


def test_what_a_task_returns_is_the_result(job_that):
    def body(context):
        context.report.log("counted")
        context.report.progress(0.5, "half")
        return {"n": context.spec["n"] * 2}

    job = job_that(body)

    assert (job.state, job.result, job.progress) == ("succeeded", {"n": 4}, 1.0)
    assert JobLog.objects.get(job=job).text == "counted"


def test_an_expected_error_fails_at_once_with_its_sentence(job_that):
    def body(context):
        raise DomainError("The file holds no rows.")

    job = job_that(body)

    assert (job.state, job.error, job.attempt) == ("failed", "The file holds no rows.", 1)


def test_an_unexpected_error_is_tried_again_and_keeps_its_traceback(job_that):
    def body(context):
        raise ZeroDivisionError("oops")

    job = job_that(body)

    assert (job.state, job.error) == ("queued", "ZeroDivisionError: oops")
    assert "in body" in job.traceback
    assert job.not_before is not None


def test_the_last_attempt_fails_for_good(job_that):
    def body(context):
        raise ZeroDivisionError("oops")

    job = job_that(body, max_attempts=1)

    assert job.state == "failed"
    assert "ZeroDivisionError" in job.error


def test_retry_later_is_a_value(job_that):
    def body(context):
        raise runtime.RetryLater(30, "rate limited")

    job = job_that(body)

    assert (job.state, job.error) == ("queued", "rate limited")


def test_a_cancel_reaches_the_engine_and_ends_the_job(job_that):
    def body(context):
        services.cancel(job=context.job)
        context.report.progress(0.1)
        if context.should_stop():
            raise Canceled
        return {}

    job = job_that(body)

    assert job.state == "canceled"


def test_a_stale_worker_drops_its_work(job_that):
    def body(context):
        services.postpone(context.job.pk, fence=context.fence, seconds=0, reason="stolen")
        with context.recording():
            pytest.fail("a stale worker was let in")

    job = job_that(body)

    assert (job.state, job.error) == ("queued", "stolen")


def test_job_kinds_are_the_tasks():
    app.loader.import_default_modules()

    kinds = {name.removeprefix(TASK_PREFIX) for name in app.tasks if name.startswith(TASK_PREFIX)}

    assert kinds - {"beat", "test_sleep"} == set(JOB_QUEUES)
