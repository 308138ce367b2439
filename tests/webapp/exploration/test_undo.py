"""What is done to a whole list takes one click, and one more takes it back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lifecycle.annotations.models import Lease, Task
from lifecycle.annotations.services import skip
from lifecycle.common.errors import Conflict
from lifecycle.contracts.engine import Canceled
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import get_dataset
from lifecycle.exploration import selectors, services
from lifecycle.exploration.models import Finding, ItemAct, ItemTag, KeptItem, Scan
from lifecycle.exploration.selectors import Scope
from lifecycle.exploration.services import acts
from lifecycle.jobs.models import Job
from lifecycle.projects.models import AuditEvent
from tests import factories
from tests.factories import ItemFactory
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


def find_undo(content: str) -> str:
    """The address that the Undo button of a page posts to."""
    form = re.search(r'<form[^>]*action="([^"]*/explore/acts/\d+/undo)".*?</form>', content, re.S)
    return form[1] if form and "Undo" in form[0] else ""


def start(project, action: str, scope: Scope, **more) -> ItemAct:
    return services.start_act(project=project, user=project.created_by, action=action, scope=scope, **more)


def describe(project) -> tuple:
    """What any of the actions changes."""
    items = Item.objects.filter(dataset__project=project)
    return (
        set(items.filter(excluded_at=None).values_list("pk", flat=True)),
        set(KeptItem.objects.values_list("item_id", "kind")),
        set(ItemTag.objects.values_list("item_id", "tag__name")),
        set(Task.objects.filter(dataset__project=project).values_list("pk", "state", "overlap", "priority")),
    )


@pytest.mark.parametrize("action", ["exclude", "keep", "tag"])
def test_a_whole_list_is_sent_somewhere_and_taken_back(as_owner, explored, action):
    """What was so before stays so: only what the action changed is taken back."""
    first = Finding.objects.filter(kind=KIND).order_by("rank").first().item
    services.act_on_items(project=explored, user=explored.created_by, action="tag", tag="odd", item_ids=[first.pk])
    before = describe(explored)

    shown = press(as_owner, explored, action, tag="odd").content.decode()
    after = describe(explored)
    again = as_owner.get(list_url(explored)).content.decode()
    back = as_owner.post(find_undo(shown), follow=True).content.decode()

    assert after != before and find_undo(shown) and not find_undo(again)
    assert "Taken back:" in back and not find_undo(back)
    assert describe(explored) == before


def test_one_click_asks_for_labels_of_all(as_owner, explored):
    tasks = Task.objects.filter(item__in=Finding.objects.filter(kind=KIND).values("item"))
    tasks.update(state="done")
    before = list(tasks.order_by("pk").values("pk", "state", "overlap", "priority", "skip_reason", "answers"))

    page = press(as_owner, explored, "label")
    sent = list(tasks.values_list("state", "priority"))
    as_owner.post(find_undo(page.content.decode()))

    assert b"Sent to labelling" in page.content
    assert set(sent) == {("open", 2.0)}
    after = list(tasks.order_by("pk").values("pk", "state", "overlap", "priority", "skip_reason", "answers"))
    assert after == before


def test_a_skip_that_was_taken_back_to_label_again_is_there_again_after_undo(explored, owner):
    task = Task.objects.filter(dataset__project=explored).first()
    Task.objects.filter(pk=task.pk).update(state="open", overlap=1)
    skip(project=explored, user=owner, task_id=task.pk, reason="too dark", may_answer_any=True)

    act = start(explored, "label", Scope(items=[task.item_id]))
    withdrawn = list(task.annotations.filter(is_current=True, origin="human").values_list("kind", flat=True))
    services.undo_act(act=act, user=owner)

    task.refresh_from_db()
    assert withdrawn == ["withdrawn"]
    assert (task.state, task.skip_reason) == ("skipped", "too dark")
    skipped = task.annotations.get(is_current=True, origin="human")
    assert (skipped.kind, skipped.reason, skipped.user) == ("skip", "too dark", owner)


def test_what_somebody_has_in_hand_stays_in_the_queue(explored, owner):
    taken, other = Task.objects.filter(dataset__project=explored).order_by("pk")[:2]
    Task.objects.filter(pk__in=[taken.pk, other.pk]).update(state="done")
    act = start(explored, "label", Scope(items=[taken.item_id, other.item_id]))
    Lease.objects.create(task=taken, user=owner, expires_at=timezone.now() + timedelta(minutes=2))

    services.undo_act(act=act, user=owner)

    assert [Task.objects.get(pk=pk).state for pk in (taken.pk, other.pk)] == ["open", "done"]


def test_items_that_wait_already_come_first(explored, owner):
    task = Task.objects.filter(dataset__project=explored).first()
    Task.objects.filter(pk=task.pk).update(state="open", priority=0.3, overlap=1)

    act = start(explored, "label", Scope(items=[task.item_id]))
    first = Task.objects.get(pk=task.pk)
    services.undo_act(act=act, user=owner)

    assert (act.changed, first.priority, first.overlap) == (1, 2.0, 1)
    assert Task.objects.get(pk=task.pk).priority == 0.3


def test_kept_items_may_be_shown_again_later(as_owner, explored):
    press(as_owner, explored, "keep")
    kept = as_owner.get(list_url(explored)).content.decode()

    as_owner.post(f"{list_url(explored)}/act", {"action": "unkeep", "scope": "kept", "next": list_url(explored)})

    assert "not shown in this list again" in kept and "all of it was dealt with" in kept
    assert "The whole list" in as_owner.get(list_url(explored)).content.decode()
    assert not KeptItem.objects.exists()


def test_nobody_takes_back_what_was_done_in_another_project(as_owner, client, explored, stranger):
    address = find_undo(press(as_owner, explored, "exclude").content.decode())
    theirs = factories.ProjectFactory(owner=stranger)
    client.force_login(stranger)

    own = client.post(address.replace(explored.slug, theirs.slug))
    other = client.post(address)

    assert own.status_code == other.status_code == 404
    assert Item.objects.filter(dataset__project=explored).exclude(excluded_at=None).exists()


@pytest.mark.parametrize("action", ["exclude", "keep", "tag", "label"])
def test_many_items_are_a_job_with_one_way_back(as_owner, explored, run_jobs, monkeypatch, action):
    monkeypatch.setattr(acts, "AT_ONCE", 10)
    monkeypatch.setattr(acts, "BATCH", 7)
    Task.objects.filter(dataset__project=explored).update(state="done")
    gallery = reverse("datasets:items", args=[explored.slug])
    before = describe(explored)

    if action == "keep":
        act = start(explored, action, Scope(items=list(Item.objects.values_list("pk", flat=True))), kind=KIND)
    else:
        form = {"action": action, "scope": "all", "query": "", "next": gallery, "tag": "odd"}
        page = as_owner.post(reverse("datasets:items-change", args=[explored.slug]), form, follow=True)
        act = ItemAct.objects.get()
        assert 'id="item-act" hx-get' in page.content.decode()
    asked = describe(explored)
    run_jobs()
    act.refresh_from_db()
    done = describe(explored)
    shown = as_owner.get(gallery).content.decode()
    undone = services.undo_act(act=act, user=explored.created_by)
    run_jobs()

    assert asked == before != done and act.job.pk and act.changed == act.reached == 122
    assert action == "keep" or f"/explore/acts/{act.pk}/undo" in shown
    assert undone.undo_job and ItemAct.objects.get().undone_at
    assert describe(explored) == before
    said = AuditEvent.objects.filter(object_type="item_act").values_list("summary", flat=True)
    assert len(said) == 2 and all("122 items" in text for text in said)


def test_a_killed_act_goes_on_where_it_was_and_a_stopped_one_is_taken_back(explored, owner, monkeypatch):
    monkeypatch.setattr(acts, "AT_ONCE", 10)
    monkeypatch.setattr(acts, "BATCH", 50)
    act = start(explored, "exclude", Scope(query=""))
    later = ItemFactory(dataset=get_dataset(explored), text="came in after it was asked for")

    with pytest.raises(Canceled):
        services.run_act(act, should_stop=iter([False, True]).__next__)
    stopped = Item.objects.exclude(excluded_at=None).count()
    services.run_act(selectors.load_act(act.pk))
    services.run_act(selectors.load_act(act.pk))
    later.refresh_from_db()

    assert (stopped, ItemAct.objects.get().changed) == (50, 122)
    assert later.excluded_at is None and act.batches.count() == 3
    with pytest.raises(Conflict):
        services.undo_act(act=act, user=owner)  # its job may still run
    Job.objects.update(state="canceled")
    monkeypatch.setattr(acts, "AT_ONCE", 1_000)
    services.undo_act(act=act, user=owner)
    assert not Item.objects.exclude(excluded_at=None).exists()


def test_rest_does_all_of_it_and_says_how(as_owner, explored, run_jobs, monkeypatch):
    base = f"/api/v1/projects/{explored.slug}/items"

    def post(path, body=None):
        return as_owner.post(f"{base}/{path}", body or {}, content_type="application/json")

    few = post("act/", {"action": "tag", "tag": "odd", "query": "label=cat"})
    undone = post(f"acts/{few.json()['id']}/undo/")
    monkeypatch.setattr(acts, "AT_ONCE", 10)
    many = post("act/", {"action": "exclude", "query": ""})
    waiting = as_owner.get(f"{base}/acts/{many.json()['id']}/").json()
    run_jobs()
    done = as_owner.get(f"{base}/acts/{many.json()['id']}/").json()
    back = post(f"acts/{many.json()['id']}/undo/")
    twice = post(f"acts/{many.json()['id']}/undo/")

    assert (few.status_code, few.json()["state"], undone.json()["state"]) == (200, "done", "undone")
    assert (many.status_code, waiting["state"], back.status_code, twice.status_code) == (202, "queued", 202, 409)
    assert (done["state"], done["changed"], done["reached"]) == ("done", 122, 122)
    assert many.json()["job"] == waiting["job"]


def test_an_act_on_many_items_asks_no_question_per_item(explored, django_assert_max_num_queries):
    ids = list(Item.objects.filter(dataset__project=explored).values_list("pk", flat=True))
    Task.objects.filter(item__in=ids).update(state="done")

    for action in ("exclude", "restore", "keep", "unkeep", "tag", "untag", "label"):
        with django_assert_max_num_queries(20):
            start(explored, action, Scope(items=ids), kind=KIND, tag="odd")


def test_a_list_of_ten_thousand_asks_no_question_per_row_and_all_of_it_is_reached(as_owner, explored, run_jobs):
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
    with connection.cursor() as cursor:  # else a plan for what autovacuum saw of these tables: nothing
        cursor.execute("ANALYZE datasets_item, exploration_finding")
    url = reverse("exploration:findings", args=[explored.slug, "outliers"])
    with CaptureQueriesContext(connection) as few:
        as_owner.get(list_url(explored))
    with CaptureQueriesContext(connection) as asked:
        content = as_owner.get(url, {"page": 200}).content.decode()
    as_owner.post(f"{url}/act", {"action": "keep", "scope": "all", "next": url})
    run_jobs()

    assert len(asked) <= len(few) + 2 and len(content) < 1_000_000
    assert "The whole list, 10,050 items" in content
    assert KeptItem.objects.count() == 10_050
