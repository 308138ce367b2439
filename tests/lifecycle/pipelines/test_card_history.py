"""No page waits for a data card: what takes long is counted by a worker, once, and kept."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lifecycle.annotations.models import Annotation
from lifecycle.datasets import selectors
from lifecycle.datasets.models import DatasetVersion
from lifecycle.jobs.models import Job
from lifecycle.pipelines import card_history, datacards
from lifecycle.pipelines.datacards import write_data_card
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_versions import LINES, commit, table

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"a.csv": table(LINES)}, run_jobs)
    return project


@pytest.fixture
def large(monkeypatch):
    """Every version counts as a large one."""
    monkeypatch.setattr(card_history, "QUICK_ITEMS", 0)


def forget_history() -> None:
    """As a version was before histories were kept."""
    DatasetVersion.objects.update(history=None)
    Job.objects.filter(kind="card").delete()


def card_url(project, name: str = "version-card") -> str:
    return reverse(f"datasets:{name}", args=[project.slug, 1])


def refuse(*_):
    raise AssertionError("a request counted")


@pytest.mark.parametrize("is_large", [False, True])
def test_a_card_is_only_read_once_the_commit_and_its_job_are_done(texts, owner, run_jobs, monkeypatch, is_large):
    monkeypatch.setattr(card_history, "QUICK_ITEMS", 0 if is_large else 10_000)
    commit(texts, owner, run_jobs)
    kinds = list(Job.objects.order_by("pk").values_list("kind", flat=True))
    monkeypatch.setattr(datacards, "count_history", refuse)

    card = datacards.find_data_card(selectors.get_version(texts, 1))

    assert card and "| imported by owner |" in card
    assert kinds[-1] == ("card" if is_large else "version")


def test_what_was_counted_stays_to_the_byte_and_is_what_would_be_counted_again(texts, owner, run_jobs):
    commit(texts, owner, run_jobs)
    version = selectors.get_version(texts, 1)
    kept = write_data_card(version)
    forget_history()
    counted = write_data_card(selectors.get_version(texts, 1))
    Annotation.objects.update(origin=Annotation.Origin.FEEDBACK)

    commit(texts, owner, run_jobs)

    assert kept == counted
    assert write_data_card(version) == kept


def test_an_old_large_version_is_counted_once_by_a_worker_while_the_page_says_so(
    client, texts, owner, run_jobs, large, monkeypatch
):
    commit(texts, owner, run_jobs)
    forget_history()
    client.force_login(owner)
    with monkeypatch.context() as patch:
        patch.setattr(datacards, "count_history", refuse)
        first = client.get(card_url(texts)).content.decode()
        file = client.get(card_url(texts, "version-card-file"))
    again = client.get(card_url(texts), headers={"HX-Request": "true"}).content.decode()
    asked = Job.objects.filter(kind="card").count()
    run_jobs()

    page = client.get(card_url(texts), headers={"HX-Request": "true"})

    assert "every 2s" in first and "Count who labeled v1" in first
    assert file.status_code == 302 and file["Location"] == card_url(texts)
    assert "every 2s" in again and "<html" not in again
    assert asked == 1
    assert "every 2s" not in page.content.decode() and "Known issues" in page.content.decode()


def test_a_script_is_told_of_the_job(client, texts, owner, run_jobs, large):
    commit(texts, owner, run_jobs)
    forget_history()
    client.force_login(owner)
    url = reverse("api-datasets:version-card", args=[texts.slug, 1])

    waiting = client.get(url)
    run_jobs()
    card = client.get(url)

    job = Job.objects.get(kind="card")
    assert waiting.status_code == 202 and waiting.json() == {"job": job.pk, "state": "queued"}
    assert card.status_code == 200 and card.content.decode().startswith("---\npretty_name:")


def test_a_count_that_failed_says_why_and_is_not_asked_for_again(client, texts, owner, run_jobs, large):
    commit(texts, owner, run_jobs)
    forget_history()
    client.force_login(owner)
    client.get(card_url(texts))
    Job.objects.filter(kind="card").update(state=Job.State.FAILED, error="The database was away.")

    page = client.get(card_url(texts)).content.decode()

    assert "could not be written" in page and "The database was away." in page and "every 2s" not in page
    assert Job.objects.filter(kind="card").count() == 1
