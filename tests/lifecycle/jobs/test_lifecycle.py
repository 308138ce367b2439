"""A job's life: enqueue, claim, heartbeat, finish, cancel, sweep."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from lifecycle.common.errors import Conflict
from lifecycle.jobs import rules, selectors, services, testing
from lifecycle.jobs.models import Job, JobAttempt, JobLog

pytestmark = pytest.mark.django_db


def make_job(**changes):
    return services.enqueue(**{"kind": "ingest", "title": "Import", "spec": {"a": 1}, **changes})


def expire(job):
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_enqueue_publishes_only_after_commit(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job()
        published_early = list(testing.messages)

    job.refresh_from_db()
    assert published_early == []
    assert testing.messages == [{"kind": "ingest", "queue": "io", "job_id": job.pk}]
    assert job.published_at is not None


def test_the_same_idempotency_key_gives_the_same_job():
    first, second = make_job(idempotency_key="k"), make_job(idempotency_key="k")

    assert first.pk == second.pk
    assert Job.objects.count() == 1


def test_a_message_delivered_three_times_is_claimed_once():
    job = make_job()

    claims = [services.claim(job.pk, worker=f"w{n}") for n in range(3)]

    assert [claim is not None for claim in claims] == [True, False, False]
    assert JobAttempt.objects.filter(job=job).count() == 1


def test_a_worker_whose_lease_ran_out_can_write_nothing_once_another_claimed():
    job = make_job()
    stale = services.claim(job.pk, worker="old")
    expire(job)
    fresh = services.claim(job.pk, worker="new")

    assert fresh.fence == stale.fence + 1
    with pytest.raises(services.LeaseLost), services.recording(job.pk, fence=stale.fence):
        pytest.fail("a stale worker was let in")
    services.append_log(job.pk, fence=stale.fence, lines=[("info", "late")])
    assert not services.succeed(job.pk, fence=stale.fence, result={"late": True})
    assert not services.heartbeat(job.pk, fence=stale.fence).is_held
    assert not JobLog.objects.exists()
    assert services.succeed(job.pk, fence=fresh.fence, result={"ok": True})
    job.refresh_from_db()
    assert (job.state, job.result) == ("succeeded", {"ok": True})


def test_a_queued_job_is_canceled_at_once_and_a_running_one_is_asked():
    waiting, running = make_job(), make_job()
    claimed = services.claim(running.pk, worker="w")

    services.cancel(job=waiting)
    services.cancel(job=running)

    waiting.refresh_from_db()
    assert waiting.state == "canceled"
    assert services.heartbeat(running.pk, fence=claimed.fence).is_cancel_requested
    assert services.record_canceled(running.pk, fence=claimed.fence)
    with pytest.raises(Conflict, match="already canceled"):
        services.cancel(job=running)


def test_a_canceled_job_cannot_be_claimed_again_after_its_worker_died():
    job = make_job()
    services.claim(job.pk, worker="w")
    services.cancel(job=job)
    expire(job)

    assert services.claim(job.pk, worker="other") is None
    services.sweep(count_waiting=lambda queue: 0)
    job.refresh_from_db()
    assert job.state == "canceled"


def test_the_sweeper_gives_a_lost_job_back_until_its_attempts_are_used_up():
    job = make_job(max_attempts=2)
    states = []
    for _ in range(2):
        services.claim(job.pk, worker="w")
        expire(job)
        services.sweep(count_waiting=lambda queue: 0)
        job.refresh_from_db()
        states.append(job.state)

    assert states == ["queued", "failed"]
    assert "stopped answering" in job.error
    assert [a.outcome for a in job.attempts.all()] == ["lost", "lost"]


@pytest.mark.django_db(transaction=True)
def test_a_sweeper_that_freezes_on_its_way_holds_up_no_other(monkeypatch):
    job = make_job()
    services.claim(job.pk, worker="w")
    expire(job)
    monkeypatch.setattr(rules, "SILENCE_SECONDS", 0.3)
    forget, frozen, wakes = services._forget_dead_workers, threading.Event(), threading.Event()

    def freeze():
        if threading.current_thread() is not threading.main_thread():
            frozen.set()
            assert wakes.wait(60)
        forget()

    monkeypatch.setattr(services, "_forget_dead_workers", freeze)
    with ThreadPoolExecutor(1) as elsewhere:
        stuck = elsewhere.submit(services.sweep, count_waiting=lambda queue: 0)
        assert frozen.wait(30)
        give_up = time.monotonic() + 30
        while not (swept := services.sweep(count_waiting=lambda queue: 0))["lost"] and time.monotonic() < give_up:
            time.sleep(0.05)
        wakes.set()
        with pytest.raises(OperationalError):
            stuck.result()
        elsewhere.submit(lambda: connection.close()).result()

    job.refresh_from_db()
    assert swept["lost"] == 1
    assert (job.state, job.fence) == ("queued", 2)


def test_the_sweeper_publishes_again_when_the_broker_lost_the_message():
    job = make_job()
    Job.objects.filter(pk=job.pk).update(published_at=timezone.now() - timedelta(minutes=5))

    quiet = services.sweep(count_waiting=lambda queue: 1)
    lost = services.sweep(count_waiting=lambda queue: 0)

    assert quiet["republished"] == 0
    assert lost["republished"] == 1
    assert testing.messages[-1]["job_id"] == job.pk


def test_a_broker_that_is_down_costs_no_job(monkeypatch, django_capture_on_commit_callbacks):
    def refuse(**_):
        raise ConnectionError("nobody there")

    monkeypatch.setattr(testing, "publish", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = make_job()
    monkeypatch.undo()

    swept = services.sweep(count_waiting=lambda queue: 0)

    job.refresh_from_db()
    assert swept["republished"] == 1
    assert job.published_at is not None


def test_postponing_waits_and_says_why():
    job = make_job()
    claimed = services.claim(job.pk, worker="w")

    services.postpone(job.pk, fence=claimed.fence, seconds=60, reason="The site asks to come back later.")

    job.refresh_from_db()
    assert services.claim(job.pk, worker="w") is None
    assert "Attempt 2 of 3 starts in" in selectors.explain_waiting(job)
    assert "come back later" in selectors.explain_waiting(job)


def test_a_job_says_that_no_worker_listens_on_its_queue():
    job = make_job(queue="gpu")

    before = selectors.explain_waiting(job)
    services.report_worker(name="w", queues=["gpu"], hostname="h", pid=1, concurrency=1)
    after = selectors.explain_waiting(job)

    assert "No worker listens on the queue “gpu”" in before
    assert after == "Starting…"


def test_retry_starts_a_failed_job_over_and_refuses_a_running_one():
    job = make_job()
    claimed = services.claim(job.pk, worker="w")
    with pytest.raises(Conflict):
        services.retry(job=job)
    services.fail(job.pk, fence=claimed.fence, error="No.\x00")

    again = services.retry(job=job)

    assert (again.state, again.attempt, again.error) == ("queued", 0, "")
    assert services.claim(job.pk, worker="w2") is not None


def test_queues_tell_depth_age_and_who_listens():
    make_job()
    services.claim(make_job().pk, worker="w")
    services.report_worker(name="w", queues=["io"], hostname="h", pid=1, concurrency=1)

    io = next(row for row in selectors.summarize_queues() if row["queue"] == "io")

    assert (io["waiting"], io["running"], io["workers"]) == (1, 1, ["w"])
    assert io["oldest_seconds"] >= 0


def test_a_worker_that_loses_its_lease_while_it_writes_writes_nothing():
    job = make_job()
    stale = services.claim(job.pk, worker="old")

    with pytest.raises(services.LeaseLost), services.recording(job.pk, fence=stale.fence):
        JobLog.objects.create(job=job, text="written by a stale worker")
        expire(job)
        services.claim(job.pk, worker="new")

    assert not JobLog.objects.exists()
