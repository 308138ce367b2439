"""What people say to each other about a task: comments, mentions, and the inbox they end in."""

from __future__ import annotations

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.annotations.comment_rules import count_key, find_mentions
from lifecycle.annotations.comment_selectors import list_mentionable
from lifecycle.annotations.models import Notice, Review, Task, TaskComment
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.selectors import find_role

MAX_BODY = 5_000
MAX_MENTIONS = 20


def add_comment(*, project: Project, user, task: Task, body: str, idempotency_key: str | None = None) -> TaskComment:
    """Say something about a task that the user may see. Whom it names, and who spoke before, find it in their inbox.

    A repeat with the same key returns the same comment and tells nobody again.
    """
    repeat = _find_repeat(user, task, idempotency_key)
    if repeat is not None:
        return repeat
    body = body.strip()
    if not body:
        raise DomainError("Write something first.", fields={"body": "some words"})
    if len(body) > MAX_BODY:
        raise DomainError(f"A comment has at most {MAX_BODY:,} characters.", fields={"body": f"at most {MAX_BODY:,}"})
    named = _find_named(project, user, task, body)
    try:
        return _write(user, task, body, named, idempotency_key)
    except IntegrityError as error:
        if "comment_key_once" not in str(error):
            raise
    repeat = _find_repeat(user, task, idempotency_key)  # the same one came twice at the same moment
    assert repeat is not None
    return repeat


def _find_repeat(user, task: Task, key: str | None) -> TaskComment | None:
    if key is None:
        return None
    found = TaskComment.objects.filter(author=user, idempotency_key=key).first()
    if found is not None and found.task_id != task.pk:
        raise Conflict("This idempotency key was used for another comment.")
    return found


def _write(user, task: Task, body: str, named: list[User], key: str | None) -> TaskComment:
    with transaction.atomic():
        comment = TaskComment.objects.create(task=task, author=user, body=body, idempotency_key=key)
        spoke = set(TaskComment.objects.filter(task=task).values_list("author_id", flat=True))
        told = {person: Notice.Kind.REPLY for person in spoke} | {person.pk: Notice.Kind.MENTION for person in named}
        told.pop(user.pk, None)
        Notice.objects.bulk_create(Notice(user_id=pk, comment=comment, kind=kind) for pk, kind in told.items())
        transaction.on_commit(lambda: forget_counts(told))
    return comment


def tell_verdict(*, review: Review) -> None:
    """Whose answer was rejected finds it in their inbox, until the verdict is taken back."""
    if review.annotator_id != review.reviewer_id:
        Notice.objects.create(user_id=review.annotator_id, review=review, kind=Notice.Kind.VERDICT)
        transaction.on_commit(lambda: forget_counts([review.annotator_id]))


def resolve(*, comment: TaskComment, user) -> TaskComment:
    """Close a matter; nobody has it in their inbox as unread any more."""
    if comment.resolved_at is None:
        now = timezone.now()
        with transaction.atomic():
            comment.resolved_at, comment.resolved_by = now, user
            comment.save(update_fields=["resolved_at", "resolved_by", "updated_at"])
            unread = Notice.objects.filter(comment=comment, read_at=None)
            people = list(unread.values_list("user_id", flat=True))
            unread.update(read_at=now)
            transaction.on_commit(lambda: forget_counts(people))
    return comment


def reopen_comment(*, comment: TaskComment) -> TaskComment:
    """Open a matter again."""
    comment.resolved_at = comment.resolved_by = None
    comment.save(update_fields=["resolved_at", "resolved_by", "updated_at"])
    return comment


def mark_read(*, user, notice_ids: list[int] | None = None) -> int:
    """Take notices as read: these, or all of the person's."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if notice_ids is not None:
        unread = unread.filter(pk__in=notice_ids)
    count = unread.update(read_at=timezone.now())
    forget_counts([user.pk])
    return count


def forget_counts(user_ids) -> None:
    """The unread counts in the page heads of these people are counted anew."""
    cache.delete_many([count_key(user_id) for user_id in user_ids])


def _find_named(project: Project, user, task: Task, body: str) -> list[User]:
    """The members a comment names. DomainError for one who may not see the task: they would find a closed door.

    Of an annotator it refuses everybody whom the page would not suggest: else one could ask it who had this task.
    """
    names = find_mentions(body)
    if len(names) > MAX_MENTIONS:
        raise DomainError(f"Name at most {MAX_MENTIONS} people in one comment.", fields={"body": "too many names"})
    lowered = {name.lower() for name in names}
    members = Membership.objects.filter(project=project, user__is_active=True).select_related("user")
    found = [member for member in members if member.user.username.lower() in lowered] if lowered else []
    open_names = list_mentionable(project, user, task, role=find_role(user, project) or "annotator") if found else []
    for member in found:
        if member.user.username not in open_names:
            raise DomainError(
                f"@{member.user.username} cannot see this item, as far as you may know. Name a reviewer instead.",
                fields={"body": f"@{member.user.username} cannot see this item"},
            )
    return [member.user for member in found]
