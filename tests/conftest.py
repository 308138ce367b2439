"""Fixtures that every test may use."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError, connection
from django.test import TransactionTestCase

from lifecycle.common.garbage import look_seldom
from lifecycle.jobs import testing
from lifecycle.jobs.models import Job
from tests import factories, servers
from tests.emptying import empty_tables


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """Test databases are copies of one that is migrated already."""
    connection.settings_dict["TEST"]["TEMPLATE"] = servers.TEMPLATE


# These take longest: they start first, so that no process is left with one of them at the end.
SLOW_FILES = (
    "contracts/test_openapi.py",
    "contracts/test_access.py",
    "browser/test_labelling.py",
    "workers/test_crawl_job.py",
    "serving/test_survive.py",
    "engines/test_resume.py",
    "engines/test_recipes.py",
    "crawl/test_crawl.py",
    "browser/",
    "crawl/",
    "exploration/",
    "engines/",
    "serving/",
)


def pytest_configure():
    """A page that a browser test left may still be asking when the tables are emptied: that deadlock is tried again."""

    def tear_down(self):
        for _ in range(5):
            try:
                return empty_tables()
            except OperationalError:
                time.sleep(0.5)
        return empty_tables()

    TransactionTestCase._fixture_teardown = tear_down
    look_seldom()  # with torch and Django loaded, looking for garbage was a sixth of the time


def pytest_collection_modifyitems(items):
    items.sort(key=_rank)


def _rank(item) -> int:
    path = item.path.as_posix()
    return next((rank for rank, part in enumerate(SLOW_FILES) if part in path), len(SLOW_FILES))


@pytest.fixture(autouse=True)
def _memory_publisher(request, settings):
    """Jobs wait in memory unless a test is marked `real_broker`."""
    if "real_broker" not in request.keywords:
        settings.JOB_PUBLISHER = "lifecycle.jobs.testing.publish"
        testing.messages.clear()


@pytest.fixture(autouse=True)
def _lazy_static_files(request, settings):
    """Every test client makes the middleware anew, and WhiteNoise lists all files each time unless told to wait."""
    if "live_server" not in request.fixturenames:
        settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    """A password hash is slow on purpose; a test makes dozens."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def run_jobs(django_capture_on_commit_callbacks):
    """Run every queued job, and those they queue, in this process through the real runtime; returns them."""
    from workers import runtime
    from workers.celery import app

    app.loader.import_default_modules()

    def run(limit: int = 50) -> list[Job]:
        done: list[int] = []
        for _ in range(limit):
            job = Job.objects.filter(state=Job.State.QUEUED).exclude(pk__in=done).order_by("pk").first()
            if job is None:
                break
            done.append(job.pk)
            with django_capture_on_commit_callbacks(execute=True):
                runtime.execute(job.pk, worker="test", has_heart=False)
        return list(Job.objects.filter(pk__in=done).order_by("pk"))

    return run


@pytest.fixture
def owner(db):
    return factories.UserFactory(username="owner")


@pytest.fixture
def stranger(db):
    return factories.UserFactory(username="stranger")


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner)


@pytest.fixture
def member(project):
    """member("annotator") is a new user with that role in `project`."""

    def make(role: str):
        user = factories.UserFactory(username=f"{role}-{project.pk}")
        factories.MembershipFactory(project=project, user=user, role=role)
        return user

    return make
