"""Comments: only on tasks one may see, named people find them, a closed matter leaves every inbox."""

from __future__ import annotations

import pytest

from lifecycle.annotations import comment_selectors, services
from lifecycle.annotations.comment_rules import find_mentions
from lifecycle.annotations.services import comments
from lifecycle.common.errors import DomainError, NotFound


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
    assert annotator.username not in comment_selectors.list_mentionable(project, task)


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["", "   ", "x" * 5_001])
def test_a_comment_says_something_and_not_everything(project, owner, make_tasks, body):
    [task] = make_tasks(1)

    with pytest.raises(DomainError):
        comments.add_comment(project=project, user=owner, task=task, body=body)
