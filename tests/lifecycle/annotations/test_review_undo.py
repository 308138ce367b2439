"""A verdict that was given by mistake is taken back, with all that it did; what others built on it stands."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from lifecycle.annotations import review_selectors, rules, services
from lifecycle.annotations.models import Annotation, ConsensusRun, FinalLabel, Lease, Review, WebhookDelivery
from lifecycle.annotations.review_selectors import Wanted
from lifecycle.annotations.services import review_undo, reviews, webhooks
from lifecycle.common.errors import Conflict, NotFound
from lifecycle.projects.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(member):
    return member("annotator"), member("reviewer")


@pytest.fixture
def given(project, make_tasks, answer, people):
    """The annotator's "cat" on one task, which is done with it."""
    task = make_tasks(1)[0]
    services.lease_next(project=project, user=people[0], count=1)
    return answer(people[0], task, "cat")


@pytest.fixture
def undo(project, people):
    def take_back(review):
        return review_undo.withdraw(project=project, user=people[1], review_id=review.pk)

    return take_back


def describe(given):
    task = given.task
    task.refresh_from_db()
    task.item.refresh_from_db()
    current = task.annotations.filter(is_current=True, kind="answer").order_by("pk").values_list("pk", flat=True)
    return task.state, task.answers, task.item.label, list(current)


def test_an_accepted_answer_waits_again(project, given, people, undo):
    review = reviews.accept(project=project, reviewer=people[1], annotation_id=given.pk)

    undo(review)

    assert list(review_selectors.list_pending(project, people[1], Wanted())) == [given]
    assert review_selectors.tally_reviews(project) == {}
    event = AuditEvent.objects.filter(verb="review.withdrawn").get()
    assert event.details == {"annotation": given.pk, "verdict": "accepted", "reason": ""}


@pytest.mark.parametrize("target", ["same", "other"])
def test_a_rejected_answer_counts_again(project, given, people, undo, target, member, answer):
    before, colleague = describe(given), factories.UserFactory()
    review = reviews.reject(
        project=project, reviewer=people[1], annotation_id=given.pk, reason="too dark", return_to=target
    )
    if target == "other":
        services.lease_next(project=project, user=colleague, count=1)
    assert describe(given)[:2] == ("open", 0)

    undo(review)

    assert describe(given) == before == ("done", 1, "cat", [given.pk])
    assert not given.task.assignments.filter(is_open=True).exists()
    assert services.lease_next(project=project, user=people[0], count=1) == []
    if target == "other":
        with pytest.raises(Conflict):
            answer(colleague, given.task, "dog")
    assert answer(people[0], given.task, "dog").previous_id == given.pk  # they may change it, as before


def test_a_fix_gives_way_to_what_it_replaced(project, given, people, undo):
    before = describe(given)
    review = reviews.fix(
        project=project, reviewer=people[1], annotation_id=given.pk, result=rules.build_result("class", "dog")
    )
    assert describe(given) == ("done", 1, "dog", [review.fixed_by_id])

    undo(review)

    assert describe(given) == before
    assert Annotation.objects.get(pk=review.fixed_by_id).is_current is False


def test_what_the_reviewer_had_said_before_a_fix_counts_again(project, make_tasks, answer, people, undo):
    services.change_settings(project=project, actor=project.created_by, overlap=2)
    task = make_tasks(1)[0]
    first, own = (answer(user, task, "cat", may_answer_any=True) for user in people)
    before = describe(first)
    review = reviews.fix(
        project=project, reviewer=people[1], annotation_id=first.pk, result=rules.build_result("class", "dog")
    )

    undo(review)

    assert describe(first) == before == ("done", 2, "cat", [first.pk, own.pk])
    task.refresh_from_db()
    assert task.overlap == 2


def test_a_new_answer_since_stands(project, given, people, undo, answer):
    review = reviews.reject(project=project, reviewer=people[1], annotation_id=given.pk, reason="too dark")
    answer(people[0], given.task, "dog")

    with pytest.raises(Conflict, match="anew"):
        undo(review)

    assert describe(given)[2] == "dog"


def test_the_answer_of_another_since_stands(project, given, people, undo, answer):
    review = reviews.reject(
        project=project, reviewer=people[1], annotation_id=given.pk, reason="dark", return_to="other"
    )
    answer(factories.UserFactory(), given.task, "dog", may_answer_any=True)

    with pytest.raises(Conflict, match="Somebody else"):
        undo(review)


def test_a_fix_that_was_changed_since_stands(project, given, people, undo, answer):
    review = reviews.fix(
        project=project, reviewer=people[1], annotation_id=given.pk, result=rules.build_result("class", "dog")
    )
    answer(people[1], given.task, "owl", may_answer_any=True)

    with pytest.raises(Conflict, match="changed or judged"):
        undo(review)


def test_a_verdict_is_taken_back_once(project, given, people, undo):
    review = reviews.accept(project=project, reviewer=people[1], annotation_id=given.pk)

    undo(review)

    with pytest.raises(NotFound):
        undo(review)


def test_a_final_label_in_doubt_is_in_doubt_again(project, given, people, undo):
    run = ConsensusRun.objects.create(project=project, method="majority", min_posterior=0.8)
    label = FinalLabel.objects.create(run=run, item=given.item, value="cat", posterior=0.6, is_doubtful=True)
    review = reviews.accept(project=project, reviewer=people[1], annotation_id=given.pk)
    assert not FinalLabel.objects.get(pk=label.pk).is_doubtful

    undo(review)

    assert FinalLabel.objects.get(pk=label.pk).is_doubtful


def test_webhooks_hear_of_it(project, given, people, undo):
    webhooks.create_webhook(project=project, actor=project.created_by, url="https://example.org/hook")
    review = reviews.reject(project=project, reviewer=people[1], annotation_id=given.pk, reason="dark")
    told = WebhookDelivery.objects.count()

    undo(review)

    bodies = [json.loads(one.body) for one in WebhookDelivery.objects.order_by("pk")[told:]]
    assert [body["action"] for body in bodies] == ["REVIEWS_DELETED", "ANNOTATION_UPDATED"]
    assert bodies[0]["reviews"][0]["annotation"] == given.pk


def test_the_page_and_the_api_take_it_back(client, project, given, people):
    client.force_login(people[1])
    reviews.accept(project=project, reviewer=people[1], annotation_id=given.pk)
    page = client.get(reverse("annotations:review", args=[project.slug]))
    shown = client.post(
        reverse("annotations:review-undo", args=[project.slug, Review.objects.get().pk]), follow=True
    ).content.decode()
    review = reviews.accept(project=project, reviewer=people[1], annotation_id=given.pk)

    gone = client.delete(reverse("api-annotations:review", args=[project.slug, review.pk]))

    assert 'data-key="u"' in page.content.decode() and "1 waiting" in shown
    assert (gone.status_code, Review.objects.count(), Lease.objects.count()) == (204, 0, 1)
