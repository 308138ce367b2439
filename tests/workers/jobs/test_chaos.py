"""Real workers, really killed: what was accepted ends done, resumed, or failed with a reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from lifecycle.contracts.jobs import JOB_QUEUES
from lifecycle.jobs import selectors, services
from lifecycle.jobs.models import Job
from tests import servers
from workers.celery import app

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_broker,
    pytest.mark.serial,
    pytest.mark.timeout(180),
]


@pytest.fixture(autouse=True)
def _short_names(monkeypatch, settings):
    monkeypatch.setitem(JOB_QUEUES, "test_sleep", "io")
    settings.JOB_PUBLISHER = "workers.celery.publish"
    app.control.purge()


@pytest.fixture
def start_worker(tmp_path):
    """start_worker() runs one Celery worker process on the test database; all are killed at the end."""
    started = []

    def start(name: str = "w") -> subprocess.Popen:
        parts = urlsplit(os.environ["DATABASE_URL"])
        url = urlunsplit(parts._replace(path="/" + connection.settings_dict["NAME"]))
        command = [sys.executable, "-m", "celery", "-A", "workers.celery", "worker", "-Q", "io", "-c", "1"]
        command += ["-n", f"{name}@test", "-I", "tests.workers.jobs.chaos_tasks"]
        command += ["--without-gossip", "--without-mingle"]
        log = open(tmp_path / f"{name}.log", "ab")  # noqa: SIM115  (the process writes to it until it ends)
        environment = {**os.environ, "DATABASE_URL": url, "GRISTMILL_HOME": str(settings.GRISTMILL_HOME)}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        started.append(process)
        wait_until(lambda: any(w.pid == process.pid for w in selectors.list_workers()), 30)
        return process

    yield start
    for process in started:
        end(process)


def end(process: subprocess.Popen, how: int = signal.SIGKILL) -> None:
    """Signal a worker and the processes it forked."""
    try:
        os.killpg(process.pid, signal.SIGCONT)
        os.killpg(process.pid, how)
    except ProcessLookupError:
        return
    process.wait(timeout=20)


def wait_until(is_true, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if is_true():
                return
        except OperationalError:
            connection.close()
        time.sleep(0.1)
    pytest.fail(f"did not happen within {seconds} s")


def enqueue(**spec) -> Job:
    return services.enqueue(
        kind="test_sleep", title="Count", spec={"steps": 5, "step_seconds": 0.1, **spec}, max_attempts=5
    )


def state_of(job: Job) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def has_started(job: Job) -> bool:
    return Job.objects.filter(pk=job.pk, state="running", progress__gt=0).exists()


def test_a_worker_killed_in_the_middle_loses_nothing(start_worker):
    first = start_worker("first")
    job = enqueue(steps=40, step_seconds=0.1)
    wait_until(lambda: has_started(job))

    end(first)
    start_worker("second")
    wait_until(lambda: state_of(job) == "succeeded")

    job.refresh_from_db()
    assert job.attempt == 2
    assert job.result["started_from"] > 0
    assert [a.outcome for a in job.attempts.all()] == ["lost", "succeeded"]


def test_redis_killed_and_restarted_empty_loses_no_job(start_worker):
    start_worker()
    busy = enqueue(steps=20, step_seconds=0.1)
    waiting = [enqueue(steps=1) for _ in range(3)]
    wait_until(lambda: has_started(busy))

    servers.redis.kill()
    for file in servers.redis.data_dir.rglob("*"):
        if file.is_file() and file.name != "redis.conf":
            file.unlink()
    during = enqueue(steps=1)
    servers.redis.start()

    wait_until(lambda: all(state_of(job) == "succeeded" for job in [busy, *waiting, during]), 60)


def test_postgres_restarted_under_a_running_job_loses_nothing(start_worker):
    start_worker()
    job = enqueue(steps=30, step_seconds=0.1)
    wait_until(lambda: has_started(job))

    connection.close()
    servers.postgres.kill()
    servers.postgres.start()

    wait_until(lambda: state_of(job) == "succeeded", 60)


def test_the_same_message_three_times_runs_once(start_worker):
    start_worker()
    job = enqueue(steps=3)
    for _ in range(3):
        services.publish(job.pk)

    wait_until(lambda: state_of(job) == "succeeded")
    time.sleep(1)

    job.refresh_from_db()
    assert (job.attempt, job.fence) == (1, 1)


def test_a_worker_frozen_past_its_lease_writes_nothing_when_it_wakes(start_worker):
    frozen = start_worker("frozen")
    job = enqueue(steps=15, step_seconds=0.1)
    wait_until(lambda: has_started(job))
    os.killpg(frozen.pid, signal.SIGSTOP)

    start_worker("other")
    wait_until(lambda: state_of(job) == "succeeded")
    before = Job.objects.values().get(pk=job.pk)
    os.killpg(frozen.pid, signal.SIGCONT)
    time.sleep(4)

    after = Job.objects.values().get(pk=job.pk)
    assert before["fence"] == 3  # claimed, given back by the sweeper, claimed again
    assert after == before


def test_cancel_stops_the_work_within_seconds(start_worker):
    start_worker()
    job = enqueue(steps=600, step_seconds=0.1)
    wait_until(lambda: has_started(job))

    services.cancel(job=job)

    wait_until(lambda: state_of(job) == "canceled", 5)


def test_work_that_ignores_a_cancel_is_killed_and_the_next_job_runs(start_worker):
    start_worker()
    deaf = enqueue(steps=600, step_seconds=0.1, is_deaf=True)
    wait_until(lambda: has_started(deaf))

    services.cancel(job=deaf)
    wait_until(lambda: state_of(deaf) == "canceled", 15)
    after = enqueue(steps=1)

    wait_until(lambda: state_of(after) == "succeeded")
    deaf.refresh_from_db()
    assert "killed" in deaf.error
