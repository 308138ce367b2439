"""Verdicts on answers: what they change, what they keep, who is asked again."""

from __future__ import annotations

import json

import pytest

from lifecycle.annotations import review_selectors, rules, services
from lifecycle.annotations.models import Annotation, Review, WebhookDelivery
from lifecycle.annotations.review_selectors import Wanted
from lifecycle.annotations.services import reviews, webhooks
from lifecycle.common.errors import Conflict, DomainError, NotFound
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(member):
    return member("annotator"), member("reviewer")


@pytest.fixture
def answered(project, make_tasks, answer, people):
    """Three tasks, answered "cat" by the annotator."""
    tasks = make_tasks(3)
    services.lease_next(project=project, user=people[0], count=3)
    return tasks, [answer(people[0], task, "cat") for task in tasks]


def test_an_accepted_answer_stays_and_leaves_the_review_queue(project, answered, people):
    _, answers = answered

    review = reviews.accept(project=project, reviewer=people[1], annotation_id=answers[0].pk)

    assert (review.verdict, review.annotator) == ("accepted", people[0])
    pending = review_selectors.list_pending(project, people[1], Wanted())
    assert [row.pk for row in pending] == [answers[1].pk, answers[2].pk]
    answers[0].refresh_from_db()
    assert answers[0].is_current


def test_a_fix_is_a_new_answer_by_the_reviewer_that_counts(project, answered, people):
    tasks, answers = answered

    review = reviews.fix(
        project=project, reviewer=people[1], annotation_id=answers[0].pk, result=rules.build_result("class", "dog")
    )

    tasks[0].refresh_from_db()
    tasks[0].item.refresh_from_db()
    assert (tasks[0].state, tasks[0].answers, tasks[0].item.label) == ("done", 1, "dog")
    assert review.fixed_by.previous_id == answers[0].pk
    assert tasks[0].item.label_annotation_id == review.fixed_by_id
    assert review.fixed_by_id not in review_selectors.list_pending(project, people[0], Wanted()).values_list("pk")


def test_a_repeated_fix_has_one_effect(project, answered, people):
    given = {"annotation_id": answered[1][0].pk, "result": rules.build_result("class", "dog")}

    first = reviews.fix(project=project, reviewer=people[1], idempotency_key="fix-12345", **given)
    again = reviews.fix(project=project, reviewer=people[1], idempotency_key="fix-12345", **given)

    assert first.pk == again.pk and Review.objects.count() == 1


def test_one_reviewers_fix_of_two_answers_leaves_the_task_done(project, make_tasks, answer, member):
    services.change_settings(project=project, actor=project.created_by, overlap=2, lease_seconds=60)
    task = make_tasks(1)[0]
    reviewer, annotators = member("reviewer"), [member("annotator"), factories.UserFactory()]
    given = [answer(user, task, "cat", may_answer_any=True) for user in annotators]

    for one in given:
        reviews.fix(project=project, reviewer=reviewer, annotation_id=one.pk, result=rules.build_result("class", "owl"))

    task.refresh_from_db()
    task.item.refresh_from_db()
    assert (task.state, task.item.label) == ("done", "owl")
    assert Annotation.objects.filter(task=task).count() == 4  # every version is kept


@pytest.mark.parametrize(("return_to", "gets_it"), [("same", True), ("other", False)])
def test_a_rejected_answer_goes_back_to_the_queue(project, answered, people, return_to, gets_it):
    tasks, answers = answered
    other = factories.UserFactory()

    reviews.reject(
        project=project, reviewer=people[1], annotation_id=answers[1].pk, reason="A dog", return_to=return_to
    )

    tasks[1].refresh_from_db()
    tasks[1].item.refresh_from_db()
    assert (tasks[1].state, tasks[1].item.label) == ("open", None)
    held = services.lease_next(project=project, user=people[0], count=5, resume=True)
    assert ([task.pk for task in held] == [tasks[1].pk]) is gets_it
    assert bool(services.lease_next(project=project, user=other, count=5)) is not gets_it
    assert len(review_selectors.list_returned(project, people[0])) == (1 if gets_it else 0)


def test_whoever_was_replaced_cannot_answer_by_an_old_link(project, answered, people, answer):
    tasks, answers = answered
    reviews.reject(project=project, reviewer=people[1], annotation_id=answers[0].pk, reason="no", return_to="other")

    with pytest.raises(Conflict, match="somebody else"):
        answer(people[0], tasks[0], "cat")


def test_a_rejection_needs_a_reason_and_a_current_answer(project, answered, people, answer):
    tasks, answers = answered
    with pytest.raises(DomainError, match="Say why"):
        reviews.reject(project=project, reviewer=people[1], annotation_id=answers[0].pk, reason="  ")
    answer(people[0], tasks[0], "owl")

    with pytest.raises(Conflict, match="changed or taken back"):
        reviews.accept(project=project, reviewer=people[1], annotation_id=answers[0].pk)


def test_an_answer_of_another_project_does_not_exist(answered, people):
    elsewhere = factories.ProjectFactory()

    with pytest.raises(NotFound):
        reviews.accept(project=elsewhere, reviewer=people[1], annotation_id=answered[1][0].pk)


def test_answers_are_drawn_by_person_class_share_and_disagreement(project, make_tasks, answer, member):
    services.change_settings(project=project, actor=project.created_by, overlap=2, lease_seconds=60)
    one, two, reviewer = member("annotator"), factories.UserFactory(), member("reviewer")
    for number, task in enumerate(make_tasks(40)):
        answer(one, task, "cat", may_answer_any=True)
        answer(two, task, "dog" if number < 5 else "cat", may_answer_any=True)

    def count(**wanted):
        return review_selectors.count_pending(project, reviewer, Wanted(**wanted))

    assert count() == 80
    assert count(person_id=one.pk) == 40
    assert count(value="dog") == 5
    assert count(sample="disagreement") == 10
    assert 0 < count(sample="random", share=0.3) < 50
    assert count(sample="random", share=1.0) == 80
    assert count(sample="doubtful") == 0


def test_verdicts_are_told_to_webhooks(project, answered, people):
    webhooks.create_webhook(
        project=project, actor=people[1], url="https://example.org/hook", events=["REVIEW_CREATED", "REVIEW_UPDATED"]
    )

    reviews.accept(project=project, reviewer=people[1], annotation_id=answered[1][0].pk, reason="<script>x</script>")
    reviews.reject(project=project, reviewer=people[1], annotation_id=answered[1][0].pk, reason="on second thought")

    bodies = [json.loads(delivery.body) for delivery in WebhookDelivery.objects.order_by("pk")]
    assert [body["action"] for body in bodies] == ["REVIEW_CREATED", "REVIEW_UPDATED"]
    assert [body["review"]["accepted"] for body in bodies] == [True, False]
    assert bodies[0]["annotation"]["id"] == answered[1][0].pk
