"""Labelling over REST: who may see and do what, and that a repeat is harmless."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from lifecycle.annotations import comment_selectors, rules, services
from lifecycle.annotations.models import Annotation, Notice, Task, TaskComment
from lifecycle.annotations.services import review_undo, reviews
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(project):
    """call(user, "post", "queue/next/", {"count": 2}) is the response."""

    def send(user, method: str, path: str, body=None, **headers):
        client = APIClient()
        client.force_authenticate(user)
        url = f"/api/v1/projects/{project.slug}/{path}"
        options = {} if method == "get" else {"format": "json"}
        return getattr(client, method)(url, body, **options, **headers)

    return send


def cat(value="cat"):
    return rules.build_result("class", value)


def test_an_annotator_takes_a_task_and_answers_it(call, member, make_tasks):
    make_tasks(3)
    annotator = member("annotator")

    taken = call(annotator, "post", "queue/next/", {"count": 2}).json()
    done = call(annotator, "post", "annotations/", {"task": taken["tasks"][0]["id"], "result": cat()})

    assert [task["data"]["text"][:4] for task in taken["tasks"]] == ["text", "text"]
    assert (done.status_code, done.json()["value"]) == (201, "cat")


def test_a_batch_saves_each_operation_for_itself_and_a_repeat_changes_nothing(call, member, make_tasks):
    one, two = make_tasks(2)
    annotator = member("annotator")
    call(annotator, "post", "queue/next/", {"count": 2})
    operations = [
        {"key": "key-00001", "kind": "answer", "task": one.pk, "result": cat()},
        {"key": "key-00002", "kind": "answer", "task": two.pk, "result": cat("fox")},
        {"key": "key-00003", "kind": "skip", "task": two.pk, "reason": "dark"},
        {"key": "key-00004", "kind": "withdraw", "task": one.pk},
        {"key": "key-00005", "kind": "answer", "task": 10**9, "result": cat()},
    ]
    body = {"as_user": annotator.pk, "operations": operations}

    first = call(annotator, "post", "annotations/batch/", body).json()["outcomes"]
    second = call(annotator, "post", "annotations/batch/", body).json()["outcomes"]

    assert [outcome["status"] for outcome in first] == ["saved", "refused", "saved", "saved", "refused"]
    assert "not a class" in first[1]["message"]
    assert first == second
    assert Annotation.objects.count() == 3


def test_a_comment_of_the_outbox_is_kept_once_counted_and_refused_for_itself(call, owner, member, make_tasks):
    one, two = make_tasks(2)
    annotator = member("annotator")
    call(annotator, "post", "queue/next/", {"count": 1})
    operations = [
        {"key": "said-0001", "kind": "comment", "task": one.pk, "body": f"two cats? @{owner.username}"},
        {"key": "said-0002", "kind": "comment", "task": one.pk, "body": " "},
        {"key": "said-0003", "kind": "comment", "task": two.pk, "body": "never in their hands"},
        {"key": "said-0004", "kind": "answer", "task": one.pk, "result": cat()},
    ]
    body = {"as_user": annotator.pk, "operations": operations}

    first = call(annotator, "post", "annotations/batch/", body).json()["outcomes"]
    second = call(annotator, "post", "annotations/batch/", body).json()["outcomes"]

    assert [outcome["status"] for outcome in first] == ["saved", "refused", "refused", "saved"]
    assert first == second
    comment = TaskComment.objects.get()
    assert (first[0]["comment"], first[3]["comment"], first[0]["annotation"]) == (comment.pk, None, None)
    assert Notice.objects.filter(user=owner).count() == 1
    assert call(annotator, "get", f"tasks/{one.pk}/").json()["comments"] == 1
    call(annotator, "post", f"comments/{comment.pk}/resolve/")
    assert call(annotator, "get", f"tasks/{one.pk}/").json()["comments"] == 0
    assert owner.username in call(annotator, "get", f"tasks/{one.pk}/mentionable/").json()["names"]
    assert call(annotator, "get", f"tasks/{two.pk}/mentionable/").status_code == 404


def test_an_answer_is_stamped_with_the_guide_that_was_on_the_page(call, owner, member, make_tasks, project):
    tasks = make_tasks(6)
    annotator = member("annotator")
    for version in range(1, 4):
        services.write_guide(project=project, actor=owner, body=f"Rule {version}")
    other = factories.ProjectFactory(owner=owner)
    for version in range(1, 6):  # a version of another project's guide is none of this one
        services.write_guide(project=other, actor=owner, body=f"Rule {version}")
    call(annotator, "post", "queue/next/", {"count": 6})
    sent = [{"guide_version": 1}, {"guide_version": 2}, {}, {"guide_version": None}, {"guide_version": 5},
            {"guide_version": 2**31 - 1}]  # fmt: skip
    operations = [
        {"key": f"guide-stamp-{task.pk}", "kind": "answer", "task": task.pk, "result": cat(), **version}
        for task, version in zip(tasks, sent, strict=True)
    ]

    body = call(annotator, "post", "annotations/batch/", {"as_user": annotator.pk, "operations": operations}).json()

    assert {outcome["status"] for outcome in body["outcomes"]} == {"saved"}
    stamps = Annotation.objects.order_by("task").values_list("guide_version", flat=True)
    assert list(stamps) == [1, 2, 3, 3, 3, 3]


def test_an_open_page_hears_of_a_newer_schema_and_its_answers_follow(call, owner, member, make_tasks, project):
    one, two = make_tasks(2)
    annotator = member("annotator")
    taken = call(annotator, "post", "queue/next/", {"count": 2}).json()["schema_version"]
    services.change_schema(project=project, actor=owner, classes=["feline", "dog"], renames={"cat": "feline"})
    operations = [
        {"key": "late-0001", "kind": "answer", "task": one.pk, "result": cat(), "schema_version": taken},
        {"key": "late-0002", "kind": "answer", "task": two.pk, "result": cat("owl"), "schema_version": taken},
    ]

    body = call(annotator, "post", "annotations/batch/", {"as_user": annotator.pk, "operations": operations}).json()
    alone = call(
        annotator, "post", "annotations/batch/", {"as_user": annotator.pk, "operations": operations[1:]}
    ).json()
    asked = call(annotator, "get", "queue/").json()

    assert [outcome["status"] for outcome in body["outcomes"]] == ["saved", "refused"]
    assert Annotation.objects.get().value == "feline"
    assert (taken, body["schema_version"], alone["schema_version"], asked["schema_version"]) == (1, 2, 2, 2)


@pytest.mark.parametrize("version", [0, -1, 2**31, -(10**30), 10**30, "x"])
def test_a_guide_version_that_can_not_be_is_refused(call, member, make_tasks, version):
    (task,) = make_tasks(1)
    annotator = member("annotator")
    operation = {"key": "guide-none", "kind": "skip", "task": task.pk, "guide_version": version}

    response = call(annotator, "post", "annotations/batch/", {"as_user": annotator.pk, "operations": [operation]})

    assert response.status_code == 400


def test_skips_and_undoing_are_stamped_as_answers_are(call, owner, member, make_tasks, project):
    one, two = make_tasks(2)
    annotator = member("annotator")
    for rule in ("First", "Second"):
        services.write_guide(project=project, actor=owner, body=rule)
    call(annotator, "post", "queue/next/", {"count": 2})
    operations = [
        {"key": "stamp-001", "kind": "skip", "task": one.pk, "reason": "dark", "guide_version": 1},
        {"key": "stamp-002", "kind": "withdraw", "task": one.pk, "guide_version": 1},
    ]

    call(annotator, "post", "annotations/batch/", {"as_user": annotator.pk, "operations": operations})
    call(annotator, "post", "annotations/", {"task": two.pk, "result": cat()})

    stamps = Annotation.objects.order_by("pk").values_list("kind", "guide_version")
    assert list(stamps) == [("skip", 1), ("withdrawn", 1), ("answer", 2)]


def test_another_persons_outbox_is_refused_as_a_whole(call, owner, member, make_tasks):
    make_tasks(1)

    response = call(member("annotator"), "post", "annotations/batch/", {"as_user": owner.pk, "operations": []})

    assert (response.status_code, response.json()["code"]) == (409, "other_user")


def test_an_annotator_sees_neither_others_answers_nor_tasks_not_lent_to_them(call, owner, member, make_tasks, answer):
    one, two = make_tasks(2)
    services.lease_next(project=one.dataset.project, user=owner, count=1)
    theirs = answer(owner, one)
    annotator = member("annotator")

    assert call(annotator, "get", "annotations/").json()["results"] == []
    assert call(annotator, "get", f"annotations/{theirs.pk}/").status_code == 404
    assert call(annotator, "get", f"tasks/{one.pk}/").status_code == 404
    assert call(annotator, "get", f"tasks/{two.pk}/annotations/").status_code == 404
    assert call(annotator, "get", "tasks/").status_code == 403
    refused = call(annotator, "post", "annotations/", {"task": two.pk, "result": cat()})
    assert refused.status_code == 404


def test_a_reviewer_sees_everything_and_lists_tasks_by_state(call, owner, member, make_tasks, answer, project):
    one, two = make_tasks(2)
    services.lease_next(project=project, user=owner)
    answer(owner, one)
    reviewer = member("reviewer")

    assert [row["value"] for row in call(reviewer, "get", "annotations/").json()["results"]] == ["cat"]
    assert [row["id"] for row in call(reviewer, "get", "tasks/", {"state": "open"}).json()["results"]] == [two.pk]
    assert call(reviewer, "get", f"tasks/{one.pk}/annotations/").json()["count"] == 1
    assert call(reviewer, "post", "tasks/reopen/", {"tasks": [one.pk]}).json() == {"reopened": 1}


def test_a_stranger_learns_nothing(call, stranger, make_tasks):
    [task] = make_tasks(1)

    for path in ("queue/", "annotations/", "label-schema/", "guide/", f"tasks/{task.pk}/", "tasks/"):
        assert call(stranger, "get", path).status_code == 404


def test_undo_and_skip_are_single_calls_too(call, owner, make_tasks, answer, project):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task)

    assert call(owner, "post", f"tasks/{task.pk}/undo/", {}).status_code == 201
    assert call(owner, "post", f"tasks/{task.pk}/skip/", {"reason": "dark"}).status_code == 201

    task.refresh_from_db()
    assert (task.state, task.skip_reason) == (Task.State.SKIPPED, "dark")


def test_the_queue_tells_progress_and_own_work(call, owner, make_tasks, answer, project):
    one, _ = make_tasks(2)
    services.lease_next(project=project, user=owner)
    answer(owner, one, lead_time_ms=1500)

    body = call(owner, "get", "queue/", {"since": "2020-01-01T00:00:00Z"}).json()

    assert body["progress"] == {"total": 2, "open": 1, "done": 1, "skipped": 0}
    assert body["own"] == {"today": 1, "seconds_per_label": 1.5}
    assert call(owner, "get", "queue/", {"since": "yesterday"}).status_code == 400


def test_the_history_gives_back_tasks_with_their_answers(call, owner, make_tasks, answer, project):
    one, two = make_tasks(2)
    services.lease_next(project=project, user=owner, count=2)
    answer(owner, one)
    answer(owner, two, "dog")

    entries = call(owner, "get", "queue/history/").json()

    assert [(entry["task"]["id"], entry["annotation"]["value"]) for entry in entries] == [
        (two.pk, "dog"),
        (one.pk, "cat"),
    ]


def test_an_engineer_changes_classes_and_the_queue_and_an_annotator_does_not(call, member, schema):
    engineer, annotator = member("engineer"), member("annotator")
    body = {"classes": ["cat", "dog", "owl", "fox"], "based_on": 1}

    assert call(annotator, "put", "label-schema/", body).status_code == 403
    assert call(engineer, "put", "label-schema/", body).json()["version"] == 2
    assert call(engineer, "put", "label-schema/", body).status_code == 409  # version 1 is not the newest any more
    assert call(engineer, "put", "queue/", {"overlap": 2, "lease_seconds": 60}).json()["overlap"] == 2
    assert call(engineer, "get", "label-schema/versions/").json()["count"] == 2


def test_the_guide_comes_back_as_safe_html(call, member, schema):
    reviewer = member("reviewer")
    body = "# Cats\n<script>alert(1)</script> [x](javascript:alert(1)) **bold**"

    saved = call(reviewer, "put", "guide/", {"body": body}).json()

    assert "<strong>bold</strong>" in saved["html"]
    assert "<script" not in saved["html"]
    assert 'href="javascript' not in saved["html"]


def test_whose_answer_was_rejected_is_told_by_whom_and_why(
    call, member, make_tasks, project, django_capture_on_commit_callbacks
):
    [task] = make_tasks(1)
    annotator, reviewer = member("annotator"), member("reviewer")
    call(annotator, "post", "queue/next/")
    answer = call(annotator, "post", "annotations/", {"task": task.pk, "result": cat("dog")}).json()
    client = APIClient()
    client.force_authenticate(annotator)
    assert client.get("/api/v1/inbox/").json()["results"] == []

    with django_capture_on_commit_callbacks(execute=True):
        review = reviews.reject(
            project=project, reviewer=reviewer, annotation_id=answer["id"], reason="It meows", return_to="same"
        )

    [notice] = client.get("/api/v1/inbox/").json()["results"]
    assert (notice["kind"], notice["project"], notice["comment"]) == ("verdict", project.slug, None)
    told = {"id": review.pk, "task": task.pk, "verdict": "rejected", "by": reviewer.username, "reason": "It meows"}
    assert notice["verdict"] == told
    page = Client()
    page.force_login(annotator)
    assert "It meows" in page.get("/inbox").content.decode()
    [again] = call(annotator, "post", "queue/next/").json()["tasks"]
    assert again["returned"] == {"by": reviewer.username, "reason": "It meows", "result": cat("dog")}
    assert "returned" not in call(reviewer, "get", f"tasks/{task.pk}/").json()
    assert comment_selectors.count_unread(annotator) == 1

    with django_capture_on_commit_callbacks(execute=True):
        review_undo.withdraw(project=project, user=reviewer, review_id=review.pk)
    assert (Notice.objects.count(), comment_selectors.count_unread(annotator)) == (0, 0)
