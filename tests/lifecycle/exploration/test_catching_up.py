"""What older items lack is made up for by the clock, in pieces, without anybody asking."""

from __future__ import annotations

import pytest
from django.db import connection

from lifecycle.datasets.models import Dataset, Item
from lifecycle.datasets.selectors import get_dataset
from lifecycle.datasets.services import content_prints
from lifecycle.exploration import selectors, services
from lifecycle.exploration.models import ItemFacts
from lifecycle.jobs.models import Job
from tests.lifecycle.datasets.test_import import bring, make_project, png, zip_of
from tests.lifecycle.exploration.test_jobs import run_all, write_reviews

pytestmark = pytest.mark.django_db


def forget_prints(project) -> dict[int, int | None]:
    """As if all came in before there were fingerprints; gives those they had."""
    items = Item.objects.filter(dataset__project=project)
    known = dict(items.values_list("pk", "fingerprint"))
    items.update(fingerprint=None)
    return known


def read_prints(project) -> dict[int, int | None]:
    return dict(Item.objects.filter(dataset__project=project).values_list("pk", "fingerprint"))


def test_texts_get_the_fingerprints_they_would_have_got_in_pieces(owner, run_jobs, monkeypatch):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"reviews.csv": write_reviews()}, run_jobs)
    known = forget_prints(project)
    Dataset.objects.update(splits_are_stale=False)
    monkeypatch.setattr(content_prints, "AT_ONCE", 20)
    monkeypatch.setitem(content_prints.MOST, "text", 60)

    pieces = []
    while services.catch_up_due():
        assert services.catch_up_due() == 0, "one at a time"
        pieces += [job.result["printed"] for job in run_jobs() if job.kind == "catch_up"]

    assert pieces == [60, 60, 2]
    assert read_prints(project) == known
    assert get_dataset(project).splits_are_stale


def test_small_pictures_too_and_what_has_none_is_tried_once(owner, run_jobs):
    project = make_project(owner, "image_classification")
    bring(project, owner, {"p.zip": zip_of({f"a/{n}.png": png(n) for n in range(1, 9)})}, run_jobs)
    known = forget_prints(project)
    broken = Item.objects.filter(dataset__project=project).order_by("pk").first()
    Item.objects.filter(pk=broken.pk).update(blob="0" * 64)

    assert services.catch_up_due() == 1
    [job] = run_jobs()

    assert job.state == Job.State.SUCCEEDED
    assert read_prints(project) == known | {broken.pk: None}
    assert services.catch_up_due() == 0


def test_languages_follow_a_profile_by_themselves_and_the_profile_shows_them(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"reviews.csv": write_reviews()}, run_jobs)
    dataset = run_all(project, owner, run_jobs)
    looked_up = selectors.find_profile(dataset).result["texts"]["looked_up"]
    ItemFacts.objects.filter(item__in=Item.objects.order_by("pk")[:100]).update(language=None)
    first = selectors.find_profile(dataset)

    assert services.catch_up_due() == 1
    kinds = [job.kind for job in run_jobs()]

    assert kinds == ["catch_up", "profile"]
    assert not ItemFacts.objects.filter(language=None).exists() and services.catch_up_due() == 0
    newest = selectors.find_profile(dataset)
    assert newest.pk > first.pk and newest.result["texts"]["looked_up"] == looked_up


def test_a_piece_that_failed_is_not_begun_again(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"reviews.csv": write_reviews()}, run_jobs)
    forget_prints(project)
    services.catch_up_due()
    Job.objects.filter(kind="catch_up").update(state=Job.State.FAILED)

    assert services.catch_up_due() == 0


def test_the_clock_asks_an_index(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"reviews.csv": write_reviews()}, run_jobs)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE datasets_item")  # what other tests left in the statistics decides nothing
        cursor.execute("EXPLAIN " + content_prints._UNPRINTED, [get_dataset(project).pk, 0, 1])
        plan = " ".join(row[0] for row in cursor.fetchall())

    assert "item_unprinted_content" in plan
