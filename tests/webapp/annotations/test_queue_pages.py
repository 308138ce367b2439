"""The pages and REST of the queue, as the people see them who may."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from lifecycle.annotations import rules, services
from lifecycle.annotations.models import Assignment, GoldItem, Notice, QueueSettings, Task, TaskComment
from lifecycle.annotations.services import comments, gold_items

pytestmark = pytest.mark.django_db

CAT = rules.build_result("class", "cat")


@pytest.fixture
def visit(client, project):
    """visit(user, "label/tasks") is the page; with a body it is a form that was sent."""

    def go(user, path: str, body=None, **options):
        client.force_login(user)
        url = f"/projects/{project.slug}/{path}"
        return client.get(url) if body is None else client.post(url, body, **options)

    return go


@pytest.fixture
def call(project):
    def send(user, method: str, path: str, body=None):
        client = APIClient()
        client.force_authenticate(user)
        options = {} if method == "get" else {"format": "json"}
        return getattr(client, method)(f"/api/v1/projects/{project.slug}/{path}", body, **options)

    return send


def test_all_settings_are_saved_in_one_form_and_shown_again(visit, owner, member, schema):
    annotator = member("annotator")
    form = {
        "is_whole": "1", "overlap": "2", "lease_seconds": "60", "order": "random", "random_share": "12.5",
        "skip_reasons": "dark\n\n too  small ", "skips_to_leave": "3", "final_skip_reasons": "too small",
        "needs_skip_reason": "on", "gold_share": "5", "hourly_rate": "21.5",
        "currency": "EUR", f"rate-{annotator.pk}": "30",
    }  # fmt: skip

    assert visit(owner, "label/queue", form).status_code == 302

    saved = QueueSettings.objects.get()
    assert (saved.overlap, saved.order, saved.random_share, saved.gold_share) == (2, "random", 0.125, 0.05)
    assert (saved.skip_reasons, saved.needs_skip_reason) == (["dark", "too small"], True)
    assert (saved.skips_to_leave, saved.final_skip_reasons) == (3, ["too small"])
    assert (saved.has_gold_feedback, saved.rates) == (False, {str(annotator.pk): "30.00"})
    page = visit(owner, "label/queue").content.decode()
    assert 'value="12.5"' in page and "too small" in page and 'value="21.50"' in page
    assert "21.50" not in visit(annotator, "label/queue").content.decode()


def test_every_field_says_what_is_wrong_with_it_and_nothing_is_saved(visit, owner, schema):
    form = {
        "overlap": "x",
        "lease_seconds": "1",
        "random_share": "200",
        "gold_share": "-1",
        "hourly_rate": "much",
        "skips_to_leave": "0",
    }

    page = visit(owner, "label/queue", form)

    assert page.status_code == 400
    for said in (
        "1 to 20 people",
        "15 to 3600 seconds",
        "a number from 0 to 100",
        "a number from 0 to 50",
        "a rate is a number",
        "20 people, or nothing",
    ):
        assert said in page.content.decode()
    assert not QueueSettings.objects.exists()


def test_the_order_is_worked_out_again_by_a_button_and_over_rest(visit, call, owner, member, make_tasks, run_jobs):
    make_tasks(2)
    form = {"is_whole": "1", "overlap": "1", "lease_seconds": "60", "order": "uncertainty"}
    visit(owner, "label/queue", form)
    run_jobs()

    assert "Work it out again" in visit(owner, "label/queue").content.decode()
    assert visit(owner, "label/queue/rank", {}).status_code == 302
    [first] = run_jobs()
    answer = call(owner, "post", "queue/rank/")
    [second] = run_jobs()

    assert (answer.status_code, answer.json()["rank_job"]) == (202, second.pk)
    assert (first.kind, first.state, second.state) == ("rank", "succeeded", "succeeded")
    assert "Work it out again" not in visit(member("viewer"), "label/queue").content.decode()


def test_the_budget_names_what_was_skipped_and_why(visit, call, owner, member, make_tasks, project):
    tasks = make_tasks(3)
    services.lease_next(project=project, user=owner, count=3)
    for task in tasks[:2]:
        services.skip(project=project, user=owner, task_id=task.pk, reason="too dark")
    services.skip(project=project, user=owner, task_id=tasks[2].pk)

    page = visit(owner, "label/budget").content.decode()
    said = call(owner, "get", "queue/budget/").json()

    assert "too dark" in page and "No reason given" in page and "out of the queue, not in what is left" in page
    assert (said["left"], said["passed_on"]) == (0, 0)
    assert said["skipped"] == [{"reason": "too dark", "tasks": 2}, {"reason": "", "tasks": 1}]
    assert "too dark" in visit(member("viewer"), "label/budget").content.decode()


def test_what_nobody_is_left_for_is_said_and_ended_with_one_click(visit, call, owner, member, make_tasks, project):
    services.change_settings(project=project, actor=owner, overlap=2)
    annotator, viewer = member("annotator"), member("viewer")
    for task in make_tasks(2):
        services.submit(project=project, user=owner, task_id=task.pk, result=CAT, may_answer_any=True)
        services.skip(project=project, user=annotator, task_id=task.pk, may_answer_any=True)

    assert call(owner, "get", "queue/budget/").json()["stranded"] == 2
    for path in ("label/budget", "label/queue"):
        assert "2 items wait for one more person than there is" in visit(owner, path).content.decode()
        assert "Take the answers they have" not in visit(viewer, path).content.decode()
    assert visit(annotator, "label/queue/settle", {}).status_code == 403
    page = visit(owner, "label/queue/settle", {}, follow=True).content.decode()

    assert "2 ended with the answers they have, 0 left the queue as skipped." in page
    assert "one more person" not in page
    assert set(Task.objects.values_list("state", flat=True)) == {"done"}
    assert call(owner, "post", "queue/settle/").json() == {"done": 0, "skipped": 0, "has_more": False}


def test_many_gold_items_are_made_from_the_list_and_over_rest(visit, call, owner, make_tasks, answer, project):
    tasks = make_tasks(4)
    services.lease_next(project=project, user=owner, count=4)
    for task in tasks[:3]:
        answer(owner, task)

    visit(owner, "label/tasks/change", {"query": "state=done", "scope": "all", "action": "gold"})
    page = visit(owner, "label/tasks").content.decode()
    assert "3 items are gold now." in page and "You made 3 items gold at once." in page
    visit(owner, "label/gold/undo", {})
    assert not GoldItem.objects.filter(is_active=True).exists()
    assert "at once." not in visit(owner, "label/gold").content.decode()

    made = call(owner, "post", "gold/many/", {"filter": {"state": "done"}, "explanation": "ears"})
    more = call(owner, "post", "gold/many/", {"tasks": [task.pk for task in tasks]})
    taken = call(owner, "delete", "gold/many/", {"tasks": [tasks[0].pk]})

    assert sorted(made.json()["tasks"]) == [task.pk for task in tasks[:3]]
    assert more.json() == {"tasks": [], "left_out": 4}
    assert taken.json() == {"count": 1} and GoldItem.objects.filter(is_active=True).count() == 2
    assert call(owner, "post", "gold/many/", {"tasks": [1], "filter": {}}).status_code == 400


def test_costs_are_for_engineers(visit, call, owner, member, make_tasks, answer, project):
    services.change_settings(project=project, actor=owner, hourly_rate="77", currency="EUR")
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task, lead_time_ms=3_600_000)

    assert "77.00 EUR" in visit(owner, "label/budget").content.decode()
    assert "EUR" not in visit(member("reviewer"), "label/budget").content.decode()
    assert call(owner, "get", "queue/budget/").json()["hourly"] == 77


def test_tasks_are_found_by_their_filters_and_assigned_in_bulk(visit, owner, member, make_tasks, project):
    tasks = make_tasks(5)
    annotator = member("annotator")
    chosen = [str(task.pk) for task in tasks[:2]]

    visit(owner, "label/tasks/change", {"task": chosen, "action": "assign", "person": [str(annotator.pk)]})

    page = visit(owner, f"label/tasks?assignee={annotator.pk}&state=open").content.decode()
    assert "<strong" in page and page.count('name="task"') == 2
    Task.objects.update(is_random=False)
    Task.objects.filter(pk=tasks[4].pk).update(is_random=True)
    assert visit(owner, "label/tasks?arm=random").content.decode().count('name="task"') == 1
    assert visit(owner, "label/tasks?arm=nonsense&at=x&state=zzz").content.decode().count('name="task"') == 5
    visit(owner, "label/tasks/change", {"action": "first"})
    assert "Tick at least one task" in visit(owner, "label/tasks").content.decode()


def test_a_list_of_fifty_tasks_costs_as_many_queries_as_one_of_two(visit, owner, make_tasks, project):
    def count() -> int:
        visit(owner, "label/tasks")  # what is kept between pages is kept now
        with CaptureQueriesContext(connection) as captured:
            visit(owner, "label/tasks")
        return len(captured)

    make_tasks(2)
    few = count()
    make_tasks(20)

    assert count() == few


def test_skips_are_listed_by_reason_and_sent_back_in_bulk(visit, call, owner, make_tasks, project):
    for task, reason in zip(make_tasks(3), ("dark", "dark", ""), strict=True):
        services.lease_next(project=project, user=owner)
        services.skip(project=project, user=owner, task_id=task.pk, reason=reason)

    assert call(owner, "get", "queue/skipped/").json() == [{"reason": "dark", "tasks": 2}, {"reason": "", "tasks": 1}]
    assert "dark" in visit(owner, "label/skipped").content.decode()
    visit(owner, "label/skipped", {"reason": ["dark"]})

    assert Task.objects.filter(state="open").count() == 2
    assert call(owner, "post", "queue/skipped/", {"reasons": [""]}).json() == {"reopened": 1, "has_more": False}


def test_a_skip_needs_a_reason_where_the_project_says_so(call, owner, make_tasks, project):
    [task] = make_tasks(1)
    services.change_settings(project=project, actor=owner, needs_skip_reason=True)
    services.lease_next(project=project, user=owner)

    assert call(owner, "post", f"tasks/{task.pk}/skip/", {}).status_code == 400
    assert call(owner, "post", f"tasks/{task.pk}/skip/", {"reason": "dark"}).status_code == 201


def test_rules_are_made_paused_and_deleted_on_their_page(visit, owner, make_tasks, project):
    make_tasks(1)
    form = {"title": "mine", f"share-{owner.pk}": "1", "people_per_task": "1", "is_active": "on"}

    visit(owner, "label/assignments", form)
    rule = project.assignment_rules.get()
    for action in ("rest", "apply"):
        visit(owner, f"label/assignments/{rule.pk}", {"action": action})

    rule.refresh_from_db()
    assert not rule.is_active
    assert "mine" in visit(owner, "label/assignments").content.decode()
    refused = visit(owner, "label/assignments", form | {f"share-{owner.pk}": "-2", "language": "de", "split": "test"})
    assert refused.status_code == 400
    page = refused.content.decode()
    assert all(kept in page for kept in ('value="mine"', 'value="-2"', 'value="de"', 'name="is_active" checked'))
    visit(owner, f"label/assignments/{rule.pk}", {"action": "delete"})
    assert not project.assignment_rules.exists()


def test_assignments_over_rest(call, owner, member, make_tasks):
    [task] = make_tasks(1)
    annotator = member("annotator")

    made = call(owner, "post", "assignments/", {"tasks": [task.pk], "users": [annotator.pk]})
    assert (made.status_code, made.json()) == (201, {"count": 1})
    assert call(owner, "get", "assignments/").json()[0]["waiting"] == 1
    assert call(owner, "delete", "assignments/", {"user": annotator.pk}).json() == {"count": 1}
    assert not Assignment.objects.exists()


def test_a_gold_item_comes_to_an_annotator_like_any_task_with_feedback_after_it(
    visit, call, owner, member, make_tasks, answer, project, monkeypatch
):
    task, *_ = make_tasks(3)
    services.lease_next(project=project, user=owner)
    marked = answer(owner, task, "dog")
    visit(owner, f"label/tasks/{task.pk}/gold", {"annotation": str(marked.pk), "explanation": "It barks."})
    services.change_settings(project=project, actor=owner, gold_share=0.5)
    monkeypatch.setattr("lifecycle.annotations.services.queue.random.random", lambda: 0.0)
    annotator = member("annotator")

    [lent] = call(annotator, "post", "queue/next/", {"count": 1}).json()["tasks"]
    operation = {"key": "key-00001", "kind": "answer", "task": task.pk, "result": rules.build_result("class", "cat")}
    batch = {"as_user": annotator.pk, "operations": [operation]}
    [outcome] = call(annotator, "post", "annotations/batch/", batch).json()["outcomes"]

    assert (lent["id"], lent["state"], lent["answers"]) == (task.pk, "open", 0)
    assert outcome["feedback"]["is_right"] is False
    assert (outcome["feedback"]["expected_value"], outcome["feedback"]["explanation"]) == ("dog", "It barks.")
    again = call(annotator, "get", f"tasks/{task.pk}/").json()
    assert (again["state"], again["answers"], again["overlap"]) == ("done", 1, 1)
    assert call(annotator, "get", "annotations/", {"kind": "answer"}).json()["results"][0]["kind"] == "answer"
    assert call(owner, "get", "gold/accuracy/").json()[0]["right"] == 0
    assert "It barks" in visit(owner, f"label/tasks/{task.pk}").content.decode()
    visit(owner, f"label/tasks/{task.pk}/gold", {"action": "retire"})
    assert not GoldItem.objects.get().is_active
    assert visit(owner, "label/gold").status_code == 200


def test_a_comment_reaches_the_inbox_and_is_read_there(visit, client, owner, member, make_tasks, project):
    [task] = make_tasks(1)
    annotator = member("annotator")
    services.lease_next(project=project, user=annotator)

    visit(annotator, f"label/tasks/{task.pk}/comments", {"body": f"@{owner.username} <script>alert(1)</script>?"})

    client.force_login(owner)
    page = client.get("/inbox").content.decode()
    assert "named you" in page and "<script>alert" not in page
    said = TaskComment.objects.get()
    assert "&lt;script&gt;" in visit(owner, f"label/tasks/{task.pk}").content.decode()
    client.post("/inbox", {"notice": str(Notice.objects.get().pk)})
    assert "Nothing waits for you" in client.get("/inbox").content.decode()
    visit(owner, f"label/comments/{said.pk}/resolve", {"action": "resolve"})
    said.refresh_from_db()
    assert said.resolved_by == owner


def test_comments_over_rest_are_for_those_who_had_the_task(call, owner, member, make_tasks, answer, project):
    [task] = make_tasks(1)
    annotator = member("annotator")
    comments.add_comment(project=project, user=owner, task=task, body="said before")
    path = f"tasks/{task.pk}/comments/"

    assert call(annotator, "get", path).status_code == 404
    assert call(annotator, "post", path, {"body": "x"}).status_code == 404
    services.lease_next(project=project, user=annotator)
    assert call(annotator, "post", path, {"body": "seen"}).status_code == 201
    assert [row["body"] for row in call(annotator, "get", path).json()["results"]] == ["seen"]
    answer(annotator, task)
    assert [row["body"] for row in call(annotator, "get", path).json()["results"]] == ["said before", "seen"]


def test_an_annotators_task_page_shows_neither_others_answers_nor_gold(
    visit, owner, member, make_tasks, answer, project
):
    services.change_settings(project=project, actor=owner, overlap=2)
    [task] = make_tasks(1)
    annotator = member("annotator")
    services.lease_next(project=project, user=owner)
    marked = answer(owner, task, "owl")
    services.lease_next(project=project, user=annotator)
    gold_items.mark(project=project, actor=owner, annotation=marked, explanation="secret reason")

    page = visit(annotator, f"label/tasks/{task.pk}").content.decode()

    assert "secret reason" not in page
    assert ">owl" not in page
