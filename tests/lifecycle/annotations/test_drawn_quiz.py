"""The quiz where answers are drawn: asked on gold items, judged at once, never a label, and nothing goes before it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, GoldAttempt, GoldItem, Lease, QuizAttempt
from lifecycle.annotations.services import gold_items, quality, quiz, quiz_gate
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.datasets.models import Dataset
from tests import factories
from tests.lifecycle.annotations import drawings

SHAPES = {
    drawings.box: "RectangleLabels",
    drawings.polygon: "PolygonLabels",
    drawings.mask: "BrushLabels",
    drawings.key_point: "KeyPointLabels",
    drawings.span: "Labels",
}


def draw(kind, at: float) -> list[dict]:
    """One region of this kind as an answer."""
    return drawings.draw(kind, at)


@pytest.fixture
def make_quiz(owner):
    """make_quiz(kind) is a project that asks for such regions, with two gold items, a third task and a newcomer."""

    def make(kind, *, pass_share: float = 1.0):
        is_text = kind is drawings.span
        problem = "span_labelling" if is_text else "object_detection"
        project = factories.ProjectFactory(owner=owner, problem_type=problem)
        shown = '<Text name="item" value="$text"/>' if is_text else '<Image name="item" value="$image"/>'
        tag = SHAPES[kind]
        asked = f'<{tag} name="label" toName="item"><Label value="car"/><Label value="bus"/></{tag}>'
        config = f"<View>{shown}{asked}</View>"
        services.set_config(project=project, actor=owner, config=config)
        dataset = Dataset.objects.get(project=project)
        collection = factories.CollectionFactory(dataset=dataset)
        for number in range(3):
            more = {"text": "x" * 120} if is_text else {"text": "", "mime": "image/png", "width": 100, "height": 100}
            key = f"{number:064d}"
            factories.ItemFactory(dataset=dataset, collection=collection, content_hash=key, **more)
        services.open_tasks(collection=collection)
        tasks = list(services.lease_next(project=project, user=owner, count=3))
        for task in tasks[:2]:
            given = services.submit(project=project, user=owner, task_id=task.pk, result=draw(kind, 10))
            gold_items.mark(project=project, actor=owner, annotation=given, explanation="Whole ones only.")
        services.release(project=project, user=owner, task_ids=[tasks[2].pk])
        quality.change_settings(project=project, actor=owner, quiz_questions=2, quiz_pass_share=pass_share)
        newcomer = factories.UserFactory()
        factories.MembershipFactory(project=project, user=newcomer, role="annotator")
        return project, newcomer, tasks[2]

    return make


def answer_all(project, user, result) -> QuizAttempt:
    attempt = quiz.start(project=project, user=user)
    for task in quiz.list_open(attempt):
        quiz.answer(project=project, user=user, attempt_id=attempt.pk, task_id=task.pk, result=result)
    attempt.refresh_from_db()
    return attempt


@pytest.mark.parametrize("kind", SHAPES, ids=lambda kind: kind.__name__)
def test_who_draws_elsewhere_has_not_passed_and_who_draws_nearly_the_same_has(make_quiz, kind):
    project, newcomer, _ = make_quiz(kind)

    wrong = answer_all(project, newcomer, draw(kind, 70))
    assert (wrong.is_passed, wrong.right_count) == (False, 0)
    assert quiz_gate.is_wanted(project, newcomer, role="annotator")
    right = answer_all(project, newcomer, draw(kind, 11))

    assert (right.is_passed, right.right_count) == (True, 2)
    assert not quiz_gate.is_wanted(project, newcomer, role="annotator")
    assert not Annotation.objects.filter(user=newcomer).exists() and not GoldAttempt.objects.exists()


def test_each_answer_is_judged_at_once_and_the_first_one_counts(make_quiz):
    project, newcomer, other = make_quiz(drawings.box, pass_share=0.5)
    attempt = quiz.start(project=project, user=newcomer)
    assert quiz.start(project=project, user=newcomer).pk == attempt.pk
    first, second = quiz.list_open(attempt)
    where = {"project": project, "user": newcomer, "attempt_id": attempt.pk}

    told = quiz.answer(**where, task_id=first.pk, result=draw(drawings.box, 70))
    again = quiz.answer(**where, task_id=first.pk, result=draw(drawings.box, 10))
    assert told == again
    assert (told.is_right, told.explanation, told.expected) == (False, "Whole ones only.", draw(drawings.box, 10))
    unknown = drawings.draw(drawings.box, 10, label="boat")
    for refused, wrong in (({"task_id": other.pk}, NotFound), ({"task_id": second.pk, "result": unknown}, DomainError)):
        with pytest.raises(wrong):
            quiz.answer(**({"result": draw(drawings.box, 10)} | where | refused))
    with pytest.raises(NotFound):
        quiz.answer(**where | {"user": other.dataset.project.created_by}, task_id=second.pk, result=[])
    attempt.refresh_from_db()
    assert [task.pk for task in quiz.list_open(attempt)] == [second.pk]
    quiz.answer(**where, task_id=second.pk, result=draw(drawings.box, 10))

    attempt.refresh_from_db()
    assert (attempt.is_passed, attempt.right_count) == (True, 1)
    assert [told.is_right for _, _, told in quiz.list_answered(attempt)] == [True, False]


def test_the_page_says_what_was_drawn_and_that_only_its_place_is_wrong(client, make_quiz):
    project, newcomer, _ = make_quiz(drawings.box)
    attempt = quiz.start(project=project, user=newcomer)
    where = {"project": project, "user": newcomer, "attempt_id": attempt.pk}
    bus = drawings.draw(drawings.box, 10, label="bus")
    for task, result in zip(quiz.list_open(attempt), [draw(drawings.box, 70), bus], strict=True):
        quiz.answer(**where, task_id=task.pk, result=result)
    client.force_login(newcomer)

    page = client.get(reverse("annotations:quiz", kwargs={"slug": project.slug})).content.decode()

    assert "1 box: car, but not where it belongs" in page and "you said 1 box: bus, it is 1 box: car" in page
    assert page.count("Whole ones only.") == 2


def test_a_question_that_is_gone_is_not_asked(make_quiz):
    project, newcomer, _ = make_quiz(drawings.box)
    attempt = quiz.start(project=project, user=newcomer)
    first, second = quiz.list_open(attempt)
    GoldItem.objects.filter(task=second).delete()

    quiz.answer(project=project, user=newcomer, attempt_id=attempt.pk, task_id=first.pk, result=draw(drawings.box, 10))

    attempt.refresh_from_db()
    assert (attempt.is_passed, len(attempt.questions)) == (True, 1)
    with pytest.raises(Conflict, match="labelling tool"):
        quiz.hand_in(project=project, user=newcomer, attempt_id=attempt.pk, answers={})


def test_nothing_is_answered_before_it_is_passed_whatever_one_holds(client, make_quiz):
    project, newcomer, task = make_quiz(drawings.box)
    Lease.objects.create(task=task, user=newcomer, expires_at=timezone.now() + timedelta(minutes=5))
    client.force_login(newcomer)

    def send(name, body, **where):
        place = reverse(f"api-annotations:{name}", kwargs={"slug": project.slug, **where})
        return client.post(place, json.dumps(body), content_type="application/json")

    def batch():
        said = {"task": task.pk, "guide_version": None}
        kinds = [said | {"kind": "answer", "result": draw(drawings.box, 10)}, said | {"kind": "skip", "reason": ""}]
        operations = [
            one | {"key": f"operation-{number}-{Annotation.objects.count()}"} for number, one in enumerate(kinds)
        ]
        return send("annotations-batch", {"as_user": newcomer.pk, "operations": operations}).json()["outcomes"]

    assert [(one["status"], "quiz" in one["message"]) for one in batch()] == [("refused", True)] * 2
    assert send("annotations", {"task": task.pk, "result": draw(drawings.box, 10)}).status_code == 409
    assert send("task-skip", {}, task_id=task.pk).status_code == 409
    assert send("queue-next", {"count": 1}).status_code == 409
    assert not Annotation.objects.filter(user=newcomer).exists()
    answer_all(project, newcomer, draw(drawings.box, 10))
    assert batch()[0]["status"] == "saved"


def test_it_is_asked_and_answered_over_rest_with_its_pictures(client, make_quiz, owner):
    project, newcomer, other = make_quiz(drawings.box)
    client.force_login(newcomer)
    place = reverse("api-annotations:quiz", kwargs={"slug": project.slug})

    before = client.get(place).json()
    assert (before["is_wanted"], before["attempt"], before["tasks"]) == (True, None, [])
    begun = client.post(place).json()
    task = begun["tasks"][0]
    assert len(begun["tasks"]) == 2 and task["suggestions"] == [] and task["state"] == "open"
    assert "Whole ones only" not in json.dumps(begun)
    seen = [reverse("api-annotations:task", args=[project.slug, pk]) for pk in (task["id"], other.pk)]
    assert [client.get(url).status_code for url in seen] == [200, 404]
    body = {
        "as_user": newcomer.pk,
        "attempt": begun["attempt"]["id"],
        "operations": [
            {"key": "key-0001", "kind": "answer", "task": task["id"], "result": draw(drawings.box, 70)},
            {"key": "key-0002", "kind": "skip", "task": task["id"]},
        ],
    }
    url = reverse("api-annotations:quiz-answers", kwargs={"slug": project.slug})
    outcomes = client.post(url, json.dumps(body), content_type="application/json").json()["outcomes"]

    assert [one["status"] for one in outcomes] == ["saved", "refused"]
    assert (outcomes[0]["feedback"]["is_right"], outcomes[0]["feedback"]["explanation"]) == (False, "Whole ones only.")
    after = client.get(place).json()
    assert [one["task"]["id"] for one in after["answered"]] == [task["id"]] and len(after["tasks"]) == 1
    body["as_user"] = owner.pk
    assert client.post(url, json.dumps(body), content_type="application/json").status_code == 409


def test_its_page_is_the_labelling_tool_and_then_how_it_went(client, make_quiz):
    project, newcomer, _ = make_quiz(drawings.box)
    client.force_login(newcomer)
    page = reverse("annotations:quiz", args=[project.slug])

    assert client.get(reverse("annotations:label", args=[project.slug])).headers["Location"] == page
    assert 'id="annotator"' not in client.get(page).content.decode()
    assert client.post(page, {"start": "1"}).status_code == 302
    asked = client.get(page).content.decode()
    assert 'id="annotator"' in asked and '"quiz": {"attempt"' in asked
    answer_all(project, newcomer, draw(drawings.box, 70))
    told = client.get(page).content.decode()
    assert "0 of 2 right" in told and "Try again" in told
    assert 'id="annotator"' in client.get(page, {"look": "1"}).content.decode()


def test_a_quiz_of_classes_is_no_business_of_the_tool(project, owner, member, make_tasks, answer):
    given = answer(owner, make_tasks(1)[0], "cat", may_answer_any=True)
    gold_items.mark(project=project, actor=owner, annotation=given)
    newcomer = member("annotator")
    attempt = quiz.start(project=project, user=newcomer)

    with pytest.raises(Conflict, match="form"):
        quiz.answer(project=project, user=newcomer, attempt_id=attempt.pk, task_id=given.task_id, result=given.result)
