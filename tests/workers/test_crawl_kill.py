"""A crawl whose worker is killed again and again: every page is fetched, no item comes twice."""

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

from lifecycle.crawls import services
from lifecycle.crawls.models import Crawl, CrawlItem, CrawlUrl
from lifecycle.datasets.models import Item
from lifecycle.jobs import selectors
from lifecycle.jobs.models import Job
from tests import factories
from tests.sites import serve
from workers.celery import app
from workers.engines.crawl.run import AHEAD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_broker, pytest.mark.serial]
CONCURRENCY = 16
WINDOW = AHEAD * CONCURRENCY  # addresses in hand at a time: waiting, asked for, or heard and not recorded yet


@pytest.fixture(autouse=True)
def _real_broker(settings):
    settings.JOB_PUBLISHER = "workers.celery.publish"
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    app.control.purge()


@pytest.fixture
def start_worker(tmp_path):
    """start_worker(n) runs one Celery worker process on the test database; all are killed at the end."""
    started = []

    def start(number: int) -> subprocess.Popen:
        parts = urlsplit(os.environ["DATABASE_URL"])
        url = urlunsplit(parts._replace(path="/" + connection.settings_dict["NAME"]))
        command = [sys.executable, "-m", "celery", "-A", "workers.celery", "worker", "-Q", "io", "-c", "1"]
        command += ["-n", f"crawl{number}@test", "-I", "tests.workers.jobs.chaos_tasks"]
        command += ["--without-gossip", "--without-mingle"]
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "GRISTMILL_HOME": str(settings.GRISTMILL_HOME),
            "GRISTMILL_ALLOW_PRIVATE_ADDRESSES": "127.0.0.1",
        }
        with open(tmp_path / f"{number}.log", "ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        started.append(process)
        wait_until(lambda: any(w.pid == process.pid for w in selectors.list_workers()), 60)
        return process

    yield start
    for process in started:
        kill(process)


def kill(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait(timeout=20)


def wait_until(is_true, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if is_true():
                return
        except OperationalError:
            connection.close()
        time.sleep(0.05)
    jobs = [(j.kind, j.state, j.attempt, j.message, j.error, j.traceback[-500:]) for j in Job.objects.all()]
    pytest.fail(f"did not happen within {seconds} s: {jobs}")


def page(number: int, count: int) -> bytes:
    links = "".join(f'<a href="/p{(number * 7 + step) % count}">x</a>' for step in range(1, 12))
    return f"<html><body><p>Page {number} of the mill.</p>{links}</body></html>".encode()


def crawl_and_kill(start_worker, *, count: int, kills: int) -> None:
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    with serve() as site:
        site.fallback = lambda path: (
            (200, {"Content-Type": "text/html"}, page(int(path[2:]), count)) if path[2:].isdigit() else None
        )
        config = {
            "start_urls": [f"{site.base}/p0"], "take": "fields", "max_depth": 1_000, "max_pages": 10 * count,
            "fields": [{"name": "words", "selector": "p", "role": "text"}], "requests_per_second": 0,
            "is_adaptive": False, "concurrency": CONCURRENCY, "concurrency_per_host": CONCURRENCY,
        }  # fmt: skip
        source = services.create_site(dataset=project.datasets.get(), user=owner, title="Mill", config=config)
        crawl = services.start_crawl(source=source, user=owner)
        for number in range(kills + 1):
            worker = start_worker(number)
            if number == kills:
                break
            goal = count * (number + 1) // (kills + 2)
            wait_until(lambda goal=goal: fetched(crawl) >= goal, 120)
            kill(worker)
        wait_until(lambda: Crawl.objects.get(pk=crawl.pk).state == "done", 240)
        pages = {path: hits for path, hits in site.hits.items() if path != "/robots.txt"}

    crawl.refresh_from_db()
    again = sum(pages.values()) - len(pages)
    assert len(pages) == count and crawl.fetched == count == crawl.found
    thrice = {path: hits for path, hits in pages.items() if hits > 2}
    assert not thrice, f"pages that were on their way at one kill were asked for a third time: {thrice}"
    assert again <= kills * WINDOW, f"{again} pages were fetched again after {kills} kills"
    assert Item.objects.count() == count == Item.objects.values("source_uri").distinct().count()
    assert CrawlItem.objects.filter(superseded_at=None).count() == count
    assert set(CrawlUrl.objects.values_list("state", flat=True)) == {"done"}


def fetched(crawl: Crawl) -> int:
    return Crawl.objects.values_list("fetched", flat=True).get(pk=crawl.pk)


@pytest.mark.timeout(400)
def test_a_killed_worker_costs_at_most_what_was_on_its_way(start_worker):
    crawl_and_kill(start_worker, count=150, kills=1)


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_ten_kills_on_thousands_of_pages_lose_and_double_nothing(start_worker):
    crawl_and_kill(start_worker, count=3_000, kills=10)
