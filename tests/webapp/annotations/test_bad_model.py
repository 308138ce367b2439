"""A model that guesses, through the doors that people use: within 200 tasks its suggestions are not shown any more."""

from __future__ import annotations

import random

import pytest
from rest_framework.test import APIClient

from lifecycle.annotations import rules
from lifecycle.annotations.models import AssistanceSettings, SuggestionOutcome, SuggestionSource
from lifecycle.annotations.services import suggestions

pytestmark = pytest.mark.django_db(transaction=True)  # the switch looks after each commit

CLASSES = ("cat", "dog", "owl")


def test_a_bad_model_is_switched_off_within_200_tasks_over_rest(project, owner, member, make_tasks):
    tasks, dice = make_tasks(200), random.Random(4)
    truths = {task.pk: dice.choice(CLASSES) for task in tasks}
    source = suggestions.create_source(project=project, actor=owner, kind=SuggestionSource.Kind.FILE, title="bad")
    drafts = []
    for pk in truths:  # right by chance alone
        guess = dice.choice(CLASSES)
        drafts.append(suggestions.Draft(task_id=pk, result=rules.build_result("class", guess), value=guess))
    suggestions.write(source=source, rows=drafts)
    annotator, client = member("annotator"), APIClient()
    client.force_authenticate(annotator)
    base, done = f"/api/v1/projects/{project.slug}/", 0

    while taken := client.post(base + "queue/next/", {"count": 10}, format="json").json()["tasks"]:
        if not AssistanceSettings.objects.get(project=project).is_on:
            break
        operations = [_answer(task, truths[task["id"]], dice) for task in taken]
        body = {"as_user": annotator.pk, "operations": operations}
        outcomes = client.post(base + "annotations/batch/", body, format="json").json()["outcomes"]
        assert {outcome["status"] for outcome in outcomes} == {"saved"}
        done += len(taken)

    settings = AssistanceSettings.objects.get(project=project)
    assert not settings.is_on and done < 200
    assert settings.switched_off_at and settings.switched_off_reason
    assert {task["suggestions"] == [] for task in taken} == {True}  # the next ones come without
    assert SuggestionOutcome.objects.filter(arm="hidden").exists()  # because some were always shown without


def _answer(task: dict, truth: str, dice: random.Random) -> dict:
    """Four seconds of reading; a wrong suggestion costs two more, a right one saves two."""
    shown = task["suggestions"][0] if task["suggestions"] else None
    seconds = dice.uniform(3, 5)
    if shown:
        seconds += -2 if shown["result"][0]["value"]["choices"] == [truth] else 2
    said = {"id": shown["id"], "outcome": "corrected"} if shown else None
    return {
        "key": f"key-{task['id']:08}",
        "kind": "answer",
        "task": task["id"],
        "result": rules.build_result("class", truth),
        "lead_time_ms": round(1_000 * seconds),
        "suggestion": said,
    }
