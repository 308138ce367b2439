"""Sources: set up, keep secret, schedule, run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from lifecycle.common import secrets as vault
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.jobs.models import Job
from lifecycle.projects.models import AuditEvent
from lifecycle.sources import rules, selectors, services
from lifecycle.sources.models import Source
from tests import factories
from tests.workers.engines.collect.test_authorities import make_certificate

pytestmark = pytest.mark.django_db
URL = "postgresql://reader:hunter22@db.example.org:5432/shop"


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="tabular_classification")


@pytest.fixture
def source(project, owner):
    return services.create_source(
        dataset=project.datasets.get(), user=owner, kind="sql", title="Orders", config={"url": URL, "table": "orders"}
    )


def test_the_password_of_a_url_becomes_a_secret(source):
    assert source.config["url"] == "postgresql://reader@db.example.org:5432/shop"
    assert source.secret_names == ["password"]
    assert selectors.load_secrets(source) == {"password": "hunter22"}


def test_a_secret_is_nowhere_in_the_clear(source):
    row = Source.objects.filter(pk=source.pk).values().get()

    assert "hunter22" not in repr(row)
    assert all("hunter22" not in repr(event) for event in AuditEvent.objects.values())


def test_a_secret_can_be_replaced_and_removed(source, owner):
    services.set_secrets(source=source, user=owner, secrets={"password": "another"})
    source.refresh_from_db()
    assert selectors.load_secrets(source) == {"password": "another"}

    services.set_secrets(source=source, user=owner, secrets={"password": ""})
    source.refresh_from_db()
    assert (source.secrets, source.secret_names) == ("", [])


def test_secrets_survive_a_new_key_while_the_old_one_is_named(source, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert selectors.load_secrets(source) == {"password": "hunter22"}

    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(vault.LostKey, match="Enter them again"):
        selectors.load_secrets(source)


def test_secrets_can_be_entered_again_after_the_key_was_lost(source, owner, settings):
    settings.SECRET_KEY = "a new one"

    services.set_secrets(source=source, user=owner, secrets={"password": "entered again"})

    source.refresh_from_db()
    assert selectors.load_secrets(source) == {"password": "entered again"}


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        ("sql", {"url": "no url"}, "url"),
        ("sql", {"url": "mysql+pymysql://u@h/d?ssl_key_password=x"}, "url"),
        ("sql", {"url": URL, "query": "select 1", "table": "a"}, "query"),
        ("sql", {"url": URL, "timeout_seconds": 0}, "timeout_seconds"),
        ("sql", {"url": URL, "overlap": "nan"}, "overlap"),
        ("folder", {"path": "../etc"}, "path"),
        ("folder", {"path": "/data/../etc"}, "path"),
        ("bucket", {"bucket": "A B"}, "bucket"),
        ("bucket", {"bucket": "fine", "endpoint_url": "file:///etc/passwd"}, "endpoint_url"),
        ("bucket", {"bucket": "fine", "endpoint_url": "https://me:secret@minio"}, "endpoint_url"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_field(project, owner, kind, config, field):
    with pytest.raises(DomainError) as refused:
        services.create_source(dataset=project.datasets.get(), user=owner, kind=kind, title="Bad", config=config)

    assert field in refused.value.fields


def test_a_run_is_a_job_with_a_collection(source, owner):
    run = services.run_source(source=source, user=owner)

    job = run.collection.job
    assert (job.kind, job.spec) == ("collect", {"source_id": source.pk, "collection_id": run.collection_id})
    assert run.collection.kind == "sql" and not run.collection.is_draft
    source.refresh_from_db()
    assert source.last_collection == run.collection
    with pytest.raises(Conflict, match="being read right now"):
        services.run_source(source=source, user=owner)


def test_a_stranger_finds_no_source(source, stranger):

    other = factories.ProjectFactory(owner=stranger)

    with pytest.raises(NotFound):
        selectors.get_source(other, source.pk)


def test_a_due_source_runs_once_however_often_the_clock_ticks(source, owner):
    services.set_schedule(source=source, user=owner, interval_minutes=30)
    Source.objects.update(next_run_at=timezone.now() - timedelta(seconds=1))

    assert len(services.run_due()) == 1
    assert services.run_due() == []
    source.refresh_from_db()
    assert timedelta(minutes=29) < source.next_run_at - timezone.now() <= timedelta(minutes=30)
    assert Job.objects.filter(kind="collect").count() == 1


def test_a_paused_source_keeps_its_schedule_and_does_not_run(source, owner):
    services.set_schedule(source=source, user=owner, cron="*/5 * * * *")
    services.pause_source(source=source, user=owner)

    source.refresh_from_db()
    assert (source.cron, source.next_run_at) == ("*/5 * * * *", None)
    assert services.run_due() == []
    assert services.resume_source(source=source, user=owner).next_run_at > timezone.now()


def test_a_source_that_is_still_read_waits_for_its_next_time(source, owner):
    services.run_source(source=source, user=owner)
    services.set_schedule(source=source, user=owner, interval_minutes=30)
    Source.objects.update(next_run_at=timezone.now() - timedelta(seconds=1))

    assert services.run_due() == []
    source.refresh_from_db()
    assert source.next_run_at > timezone.now()


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * *", datetime(2026, 2, 27, 10, 31, tzinfo=UTC)),
        ("*/15 * * * *", datetime(2026, 2, 27, 10, 45, tzinfo=UTC)),
        ("0 6 * * *", datetime(2026, 2, 28, 6, 0, tzinfo=UTC)),
        ("0 6 * * 1", datetime(2026, 3, 2, 6, 0, tzinfo=UTC)),
        ("0 0 * * 7", datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
        ("30 8-10 1,15 * *", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2028, 2, 29, 0, 0, tzinfo=UTC)),
        ("0 0 13 * 5", datetime(2026, 3, 6, 0, 0, tzinfo=UTC)),  # either: the 13th, or a Friday
    ],
)
def test_a_cron_line_names_the_next_minute(cron, expected):
    assert rules.find_cron_time(cron, datetime(2026, 2, 27, 10, 30, 20, tzinfo=UTC)) == expected


@pytest.mark.parametrize("cron", ["", "* * * *", "61 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *", "0 0 30 2 *"])
def test_a_cron_line_that_cannot_be_kept_is_refused(cron):
    with pytest.raises(ValueError):
        rules.find_cron_time(cron, datetime(2026, 2, 27, tzinfo=UTC))


def test_the_text_of_an_error_hides_the_secrets_in_it():
    assert vault.redact("auth failed for u:hunter22@h (hunter2)", ["hunter22", "hunter2", ""]) == (
        "auth failed for u:•••@h (•••)"
    )


def test_a_ca_certificate_is_kept_with_the_secrets_and_must_be_one(project, owner):
    pem = make_certificate("db.example")[0]
    config = {"url": "postgresql://reader@db.example/shop", "table": "t"}
    given = {"dataset": project.datasets.get(), "user": owner, "kind": "sql", "title": "Shop", "config": config}

    with pytest.raises(DomainError, match="PEM text"):
        services.create_source(**given, secrets={"ca_certificate": "-----BEGIN nothing"})
    source = services.create_source(**given, secrets={"ca_certificate": pem})

    assert source.secret_names == ["ca_certificate"] and pem[30:60] not in source.secrets
    assert selectors.load_secrets(source) == {"ca_certificate": pem}
