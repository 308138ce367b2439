"""How many statements it takes to hand out a task and to save an answer: every one is waited for, with every label."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from lifecycle.accounts.services import tokens
from lifecycle.annotations import rules
from lifecycle.annotations.models import AssistanceSettings, SuggestionSource
from lifecycle.annotations.services import suggestions

pytestmark = pytest.mark.django_db(transaction=True)  # else BEGIN and COMMIT would be savepoints


@pytest.fixture
def count(project, member):
    """count(path, body) sends it as an annotator with a token, and is (statements but BEGIN and COMMIT, answer)."""
    annotator, client = member("annotator"), APIClient()
    _, secret = tokens.issue(user=annotator, name="bench", scope="write")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def send(path: str, body: dict):
        with CaptureQueriesContext(connection) as asked:
            answer = client.post(f"/api/v1/projects/{project.slug}/{path}", body, format="json")
        assert answer.status_code < 300, answer.content
        plain = [query["sql"] for query in asked.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]
        return len(plain), answer.json()

    send("queue/renew/", {"tasks": [1]})  # the use of a token is noted once a minute
    send.user = annotator
    return send


def save(count, task: int):
    operation = {"key": f"key-{task:08}", "kind": "answer", "task": task, "result": rules.build_result("class", "cat")}
    statements, body = count("annotations/batch/", {"as_user": count.user.pk, "operations": [operation]})
    return statements, body["outcomes"][0]


def test_a_task_is_handed_out_in_five_statements_and_saved_in_six(count, make_tasks):
    make_tasks(3)

    taking, taken = count("queue/next/", {"count": 1})
    saving, outcome = save(count, taken["tasks"][0]["id"])

    assert (taking, saving, outcome["status"]) == (5, 6, "saved")


def test_taking_more_costs_no_more(count, make_tasks):
    make_tasks(12)

    assert count("queue/next/", {"count": 10})[0] == 5


def test_suggestions_cost_one_statement_with_a_task_and_are_followed_up(count, project, owner, make_tasks):
    (task,) = make_tasks(1)
    source = suggestions.create_source(project=project, actor=owner, kind=SuggestionSource.Kind.FILE, title="file")
    AssistanceSettings.objects.filter(project=project).update(hidden_share=0.0)
    draft = suggestions.Draft(task_id=task.pk, result=rules.build_result("class", "cat"), value="cat")
    suggestions.write(source=source, rows=[draft])

    taking, taken = count("queue/next/", {"count": 1})
    _, outcome = save(count, task.pk)

    assert (taking, len(taken["tasks"][0]["suggestions"])) == (6, 1)
    assert (outcome["status"], project.suggestion_outcomes.get().verdict) == ("saved", "accepted")
