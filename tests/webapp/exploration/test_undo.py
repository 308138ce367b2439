"""What is done to a whole list takes one click, and one more takes it back."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lifecycle.annotations.models import Task
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import get_dataset
from lifecycle.exploration import selectors, services
from lifecycle.exploration.models import Finding, ItemTag, KeptItem, Scan
from tests import factories
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.exploration.test_jobs import write_reviews

pytestmark = pytest.mark.django_db
KIND = "near_duplicates"


@pytest.fixture
def explored(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"reviews.csv": write_reviews()}, run_jobs)
    services.start_scan(dataset=get_dataset(project), user=owner)
    run_jobs()
    return project


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


def list_url(project) -> str:
    return reverse("exploration:findings", args=[project.slug, KIND])


def press(client, project, action: str, tag: str = ""):
    """A button beside “The whole list”, as the page has it; gives the page it leads to."""
    form = {"action": action, "scope": "all", "next": list_url(project), "tag": tag}
    return client.post(f"{list_url(project)}/act", form, follow=True)


def read_form(content: str) -> dict[str, str]:
    """The fields of the form with the Undo button."""
    form = re.search(r'<form[^>]*/explore/undo".*?</form>', content, re.S)
    return dict(re.findall(r'name="(action|selection|kind|tag)" value="([^"]*)"', form[0])) if form else {}


def describe(project) -> tuple:
    """What any of the actions changes."""
    items = Item.objects.filter(dataset__project=project)
    return (
        set(items.filter(excluded_at=None).values_list("pk", flat=True)),
        set(KeptItem.objects.values_list("item_id", "kind")),
        set(ItemTag.objects.values_list("item_id", "tag__name")),
    )


@pytest.mark.parametrize("action", ["exclude", "keep", "tag"])
def test_a_whole_list_is_sent_somewhere_and_taken_back(as_owner, explored, action):
    """What was so before stays so: only what the action changed is taken back."""
    first = Finding.objects.filter(kind=KIND).order_by("rank").first().item
    services.tag_items(project=explored, user=explored.created_by, name="odd", item_ids=[first.pk])
    before = describe(explored)

    shown = press(as_owner, explored, action, tag="odd").content.decode()
    after = describe(explored)
    again = as_owner.get(list_url(explored)).content.decode()
    back = as_owner.post(reverse("exploration:undo", args=[explored.slug]), read_form(shown), follow=True)

    assert after != before and read_form(shown) and not read_form(again)
    assert b"Taken back for" in back.content
    assert describe(explored) == before


def test_one_click_asks_for_labels_of_all(as_owner, explored):
    items = Finding.objects.filter(kind=KIND).values("item")
    Task.objects.filter(item__in=items).update(state="done")

    page = press(as_owner, explored, "label")

    assert b"Sent to labelling" in page.content
    assert not Task.objects.filter(item__in=items, state="done").exists()


def test_kept_items_may_be_shown_again_later(as_owner, explored):
    press(as_owner, explored, "keep")
    kept = as_owner.get(list_url(explored)).content.decode()

    as_owner.post(f"{list_url(explored)}/act", {"action": "unkeep", "scope": "kept", "next": list_url(explored)})

    assert "not shown in this list again" in kept and "all of it was dealt with" in kept
    assert "The whole list" in as_owner.get(list_url(explored)).content.decode()
    assert not KeptItem.objects.exists()


def test_nobody_takes_back_what_was_done_in_another_project(as_owner, client, explored, stranger):
    form = read_form(press(as_owner, explored, "exclude").content.decode())
    theirs = factories.ProjectFactory(owner=stranger)
    client.force_login(stranger)

    own = client.post(reverse("exploration:undo", args=[theirs.slug]), form, follow=True)
    other = client.post(reverse("exploration:undo", args=[explored.slug]), form)

    assert b"Choose at least one item" in own.content and other.status_code == 404
    assert Item.objects.filter(dataset__project=explored).exclude(excluded_at=None).exists()


def test_a_list_of_ten_thousand_asks_no_question_per_row_and_says_what_it_reaches(as_owner, explored, monkeypatch):
    scan, some = Scan.objects.get(), Item.objects.filter(dataset__project=explored).order_by("pk")
    collection = some[0].collection
    words = "日本語 🌾 " * 400
    items = Item.objects.bulk_create(
        Item(dataset=scan.dataset, collection=collection, content_hash=f"{n:064x}", text=f"{n} {words}", split="train")
        for n in range(10_050)
    )
    Finding.objects.bulk_create(
        Finding(scan=scan, kind="outliers", item=item, rank=rank, score=0.5, reason=words[:300])
        for rank, item in enumerate(items, 1)
    )
    url = reverse("exploration:findings", args=[explored.slug, "outliers"])
    with CaptureQueriesContext(connection) as few:
        as_owner.get(list_url(explored))
    with CaptureQueriesContext(connection) as asked:
        content = as_owner.get(url, {"page": 200}).content.decode()
    as_owner.post(f"{url}/act", {"action": "keep", "scope": "all", "next": url})

    assert len(asked) <= len(few) + 2 and len(content) < 1_000_000
    assert f"The first {selectors.MAX_PICKED:,} of 10,050" in content
    assert KeptItem.objects.count() == selectors.MAX_PICKED
