"""Annotators at the Label Studio door: the quiz comes first, and a gold item is like every other."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from label_studio_sdk.core.api_error import ApiError

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, GoldAttempt, Lease, QuizAttempt, Task
from lifecycle.annotations.services import gold_items, quality
from lifecycle.projects.models import Project
from tests import factories
from tests.webapp.protocols.conftest import choose


@pytest.fixture
def project(client, text_project):
    """Three tasks; the first is answered by the engineer and marked as gold."""
    rows = [{"data": {"text": f"text {number}"}} for number in range(3)]
    client.projects.import_tasks(text_project.id, request=rows)
    task = Task.objects.order_by("pk")[0]
    client.annotations.create(task.pk, result=choose("good"), ground_truth=True)
    found = Project.objects.get(pk=text_project.id)
    gold_items.mark(project=found, actor=factories.UserFactory(), annotation=task.annotations.get())
    return found


@pytest.fixture
def annotator(project):
    person = factories.UserFactory()
    factories.MembershipFactory(project=project, user=person, role="annotator")
    return person


@pytest.fixture
def lent(annotator) -> list[Task]:
    """The gold task and an ordinary one, in the annotator's hands."""
    until, tasks = timezone.now() + timedelta(minutes=5), list(Task.objects.order_by("pk")[:2])
    Lease.objects.bulk_create(Lease(task=task, user=annotator, expires_at=until) for task in tasks)
    return tasks


def refused(call, *arguments, **options) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(*arguments, **options)
    return caught.value


def test_who_has_a_quiz_to_pass_is_told_so_and_answers_nothing(connect, engineer, project, annotator, lent):
    quality.change_settings(project=project, actor=engineer, quiz_questions=1)
    theirs = connect(annotator)

    error = refused(theirs.annotations.create, lent[1].pk, result=choose("bad"))

    assert error.status_code == 409 and "quiz" in error.body["detail"]
    assert not Annotation.objects.filter(user=annotator).exists()
    passed = {"is_passed": True, "pass_share": 1.0, "guide_version": 0}
    QuizAttempt.objects.create(project=project, user=annotator, questions=[], **passed)
    made = theirs.annotations.create(lent[1].pk, result=choose("bad"))
    services.write_guide(project=project, actor=engineer, body="New rules")
    quality.change_settings(project=project, actor=engineer, quiz_each_guide=True)
    assert refused(theirs.annotations.update, made.id, result=choose("good")).status_code == 409
    assert Annotation.objects.get(user=annotator).value == "bad"


def describe(task) -> dict:
    """A task as the door tells of it, without what says which one it is."""
    body = json.loads(task.json())
    drop = {"id", "inner_id", "data"} | ({"updated_at"} if body["annotations"] else set())
    of_answer = {"id", "task", "created_at", "updated_at", "unique_id"}
    answers = [{name: one[name] for name in one if name not in of_answer} for one in body["annotations"]]
    return {name: body[name] for name in body if name not in drop} | {"annotations": answers}


def test_a_gold_item_looks_like_every_other_before_and_after_the_answer(connect, project, annotator, lent):
    theirs = connect(annotator)

    def look() -> list[dict]:
        listed = list(theirs.tasks.list(project=project.pk, fields="all"))
        assert [task.id for task in listed] == [task.pk for task in lent]
        one_by_one = [theirs.tasks.get(task.pk) for task in lent]
        return [describe(task) for task in (*listed, *one_by_one)]

    before = look()
    for task in lent:
        theirs.annotations.create(task.pk, result=choose("bad"))
    after = look()

    assert before[0] == before[1] and before[2] == before[3]
    assert after[0] == after[1] and after[2] == after[3]
    assert (before[0]["is_labeled"], before[0]["total_annotations"]) == (False, 0)
    assert (after[0]["is_labeled"], after[0]["total_annotations"]) == (True, 1)
    assert GoldAttempt.objects.get().is_right is False


@pytest.mark.parametrize(
    "asked",
    [
        {"only_annotated": True},
        {"column": "total_annotations", "operator": "greater", "value": 0},
        {"column": "updated_at", "operator": "greater", "value": "2100-01-01T00:00:00Z"},
    ],
)
def test_no_filter_tells_what_others_answered(connect, project, annotator, lent, asked):
    Task.objects.filter(pk=lent[0].pk).update(updated_at="2100-06-01T00:00:00Z")
    if "column" in asked:
        items = [{"filter": f"filter:tasks:{asked.pop('column')}", "type": "Number", **asked}]
        asked = {"query": json.dumps({"filters": {"conjunction": "and", "items": items}})}

    assert list(connect(annotator).tasks.list(project=project.pk, **asked)) == []


def test_no_order_tells_it_either(connect, project, annotator, lent):
    Task.objects.filter(pk=lent[0].pk).update(updated_at="2100-06-01T00:00:00Z")

    query = json.dumps({"ordering": ["tasks:updated_at"]})
    found = connect(annotator).tasks.list(project=project.pk, query=query)

    assert [task.id for task in found] == [task.pk for task in lent]


def test_a_project_counts_ones_own_answers_and_no_ground_truth(client, connect, project, annotator, lent):
    theirs = connect(annotator)
    theirs.annotations.create(lent[1].pk, result=choose("bad"))

    mine, all_of_them = theirs.projects.get(project.pk), client.projects.get(project.pk)

    assert (all_of_them.ground_truth_number, all_of_them.total_annotations_number) == (1, 2)
    assert (mine.ground_truth_number, mine.total_annotations_number) == (0, 1)
    assert [one.ground_truth_number for one in theirs.projects.list()] == [0]


def test_reviewers_see_what_there_is(client, lent):
    assert [client.tasks.get(task.pk).is_labeled for task in lent] == [True, False]
