"""Comments: only on tasks one may see, named people find them, a closed matter leaves every inbox."""

from __future__ import annotations

import pytest

from lifecycle.annotations import comment_selectors, services
from lifecycle.annotations.comment_rules import find_mentions
from lifecycle.annotations.services import comments
from lifecycle.common.errors import DomainError, NotFound
from tests import factories


def test_names_are_found_where_people_write_them():
    body = "@anna, see @ben.k. and (@carla)! not mail@example.org, @anna"

    assert find_mentions(body) == ["anna", "ben.k", "carla"]


@pytest.mark.django_db
def test_a_named_person_and_who_spoke_before_are_told_until_it_is_resolved(
    project, owner, member, make_tasks, django_capture_on_commit_callbacks
):
    [task] = make_tasks(1)
    annotator = member("annotator")
    services.lease_next(project=project, user=annotator)
    assert comment_selectors.count_unread(owner) == 0
    with django_capture_on_commit_callbacks(execute=True):
        first = comments.add_comment(project=project, user=annotator, task=task, body=f"@{owner.username} what is it?")
    assert comment_selectors.count_unread(owner) == 1

    comments.add_comment(project=project, user=owner, task=task, body="A cat.")

    [reply] = comment_selectors.list_notices(annotator, unread_only=True)
    assert reply.kind == "reply"
    with django_capture_on_commit_callbacks(execute=True):
        comments.resolve(comment=first, user=annotator)
    assert comment_selectors.count_unread(owner) == 0


@pytest.mark.django_db
def test_an_annotator_sees_comments_only_on_tasks_that_were_in_their_hands(project, owner, member, make_tasks):
    [task] = make_tasks(1)
    said = comments.add_comment(project=project, user=owner, task=task, body="only for some")
    annotator = member("annotator")

    with pytest.raises(NotFound):
        comment_selectors.list_comments(project, annotator, task.pk, role="annotator")
    with pytest.raises(NotFound):
        comment_selectors.get_comment(project, annotator, said.pk, role="annotator")
    with pytest.raises(DomainError, match="cannot see this item"):
        comments.add_comment(project=project, user=owner, task=task, body=f"@{annotator.username} look")
    assert annotator.username not in comment_selectors.list_mentionable(project, owner, task, role="owner")


@pytest.mark.django_db
def test_what_others_say_is_read_after_ones_own_answer_or_when_one_is_told(project, owner, member, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=3)
    [task] = make_tasks(1)
    one, two = member("annotator"), factories.UserFactory(username="two")
    factories.MembershipFactory(project=project, user=two, role="annotator")
    for person in (one, two):
        services.lease_next(project=project, user=person)

    def heard(person) -> list[str]:
        found = comment_selectors.list_comments(project, person, task.pk, role="annotator")
        return [comment.body for comment in found]

    def named(person) -> list[str]:
        return comment_selectors.list_mentionable(project, person, task, role="annotator")

    comments.add_comment(project=project, user=one, task=task, body="a cat?")
    assert heard(two) == [] and one.username not in named(two)
    with pytest.raises(NotFound):
        comment_selectors.get_comment(project, two, task.comments.get().pk, role="annotator")

    with pytest.raises(DomainError, match="cannot see this item"):  # though they hold it: that is not told
        comments.add_comment(project=project, user=two, task=task, body=f"@{one.username} what did you say?")

    comments.add_comment(project=project, user=owner, task=task, body="@two mind the ears")
    assert heard(two) == ["@two mind the ears"] and heard(one) == ["a cat?", "@two mind the ears"]

    answer(two, task)
    assert heard(two) == ["a cat?", "@two mind the ears"] and one.username in named(two)


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["", "   ", "x" * 5_001])
def test_a_comment_says_something_and_not_everything(project, owner, make_tasks, body):
    [task] = make_tasks(1)

    with pytest.raises(DomainError):
        comments.add_comment(project=project, user=owner, task=task, body=body)
