"""Reads on what people say about tasks: threads, and the inbox of those who were named."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from lifecycle.annotations.comment_rules import count_key
from lifecycle.annotations.models import Annotation, Lease, Notice, Task, TaskComment
from lifecycle.annotations.selectors import get_task
from lifecycle.common.errors import NotFound
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.rules import is_allowed

COUNT_SECONDS = 300  # a new notice forgets the count at once; this is for what happens beside the services


def list_comments(project: Project, user, task_id: int, *, role: str) -> QuerySet[TaskComment]:
    """The comments on a task that this person may see, oldest first; NotFound where they may not see the task.

    Below a reviewer that is what they said, what they were told, and all of it once they have answered: no answer is
    given after reading what others make of the item.
    """
    task = get_task(project, user, task_id, role=role)
    comments = _filter_heard(TaskComment.objects.filter(task=task), user, role)
    return comments.select_related("author", "resolved_by").order_by("pk")


def count_open(user, task_ids: Sequence[int], *, role: str) -> dict[int, int]:
    """{task: how many comments on it this person may see that nobody has closed}; tasks without any are left out."""
    said = _filter_heard(TaskComment.objects.filter(task__in=task_ids, resolved_at=None), user, role)
    return dict(said.order_by().values_list("task").annotate(Count("pk")))


def get_comment(project: Project, user, comment_id: int, *, role: str) -> TaskComment:
    """One comment on a task that this person may see; NotFound otherwise."""
    comments = TaskComment.objects.filter(task__dataset__project=project).select_related("task", "author")
    found = _filter_heard(comments, user, role).filter(pk=comment_id).first()
    if found is None:
        raise NotFound("There is no such comment, or it is not yours to see.")
    get_task(project, user, found.task_id, role=role)
    return found


def _filter_heard(comments: QuerySet[TaskComment], user, role: str) -> QuerySet[TaskComment]:
    if is_allowed(role, "reviewer"):
        return comments
    told = Notice.objects.filter(comment=OuterRef("pk"), user=user)
    given = (Annotation.Kind.ANSWER, Annotation.Kind.GOLD)
    answered = Annotation.objects.filter(task=OuterRef("task"), user=user, is_current=True, kind__in=given)
    return comments.filter(Q(author=user) | Exists(told) | Exists(answered))


def list_notices(user, *, unread_only: bool = False) -> QuerySet[Notice]:
    """A person's inbox over all their projects, newest first."""
    mine = Membership.objects.filter(user=user).values("project")
    of_these = Q(comment__task__dataset__project__in=mine) | Q(review__project__in=mine)
    notices = Notice.objects.filter(of_these, user=user)
    if unread_only:
        notices = notices.filter(read_at=None)
    return notices.select_related(
        "comment__author", "comment__task__item", "comment__task__dataset__project", "review__reviewer",
        "review__project", "review__annotation",
    )  # fmt: skip


def count_unread(user) -> int:
    """How much a person has not read yet, for the head of every page: kept, so that it costs no query."""
    found = cache.get(count_key(user.pk))
    if found is None:
        found = list_notices(user, unread_only=True).order_by().count()
        cache.set(count_key(user.pk), found, COUNT_SECONDS)
    return found


def list_mentionable(project: Project, user, task: Task, *, role: str) -> list[str]:
    """User names to suggest for a comment on this task: reviewers and above, and whom the task was lent to.

    Below a reviewer only those of the latter whose comments one can read: who else has the task is nobody's business,
    and that many had it tells a gold item.
    """
    if is_allowed(role, "reviewer"):
        given = set(Lease.objects.filter(task=task).values_list("user_id", flat=True))
        given |= set(Annotation.objects.filter(task=task, origin="human").values_list("user_id", flat=True))
    else:
        heard = _filter_heard(TaskComment.objects.filter(task=task), user, role)
        given = set(heard.values_list("author_id", flat=True))
    members = Membership.objects.filter(project=project, user__is_active=True).select_related("user")
    roles = (Membership.Role.REVIEWER, Membership.Role.ENGINEER, Membership.Role.OWNER)
    return sorted(m.user.username for m in members if m.role in roles or m.user_id in given)
