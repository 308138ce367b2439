"""Reads on what people say about tasks: threads, and the inbox of those who were named."""

from __future__ import annotations

from django.core.cache import cache
from django.db.models import QuerySet

from lifecycle.annotations.models import Annotation, Lease, Notice, Task, TaskComment
from lifecycle.annotations.selectors import get_task
from lifecycle.annotations.services.comments import count_key
from lifecycle.common.errors import NotFound
from lifecycle.projects.models import Membership, Project

COUNT_SECONDS = 300  # a new notice forgets the count at once; this is for what happens beside the services


def list_comments(project: Project, user, task_id: int, *, role: str) -> QuerySet[TaskComment]:
    """The comments on a task that this person may see, oldest first; NotFound otherwise."""
    task = get_task(project, user, task_id, role=role)
    return TaskComment.objects.filter(task=task).select_related("author", "resolved_by").order_by("pk")


def get_comment(project: Project, user, comment_id: int, *, role: str) -> TaskComment:
    """One comment on a task that this person may see; NotFound otherwise."""
    comments = TaskComment.objects.filter(task__dataset__project=project).select_related("task", "author")
    found = comments.filter(pk=comment_id).first()
    if found is None:
        raise NotFound("There is no such comment, or it is not yours to see.")
    get_task(project, user, found.task_id, role=role)
    return found


def list_notices(user, *, unread_only: bool = False) -> QuerySet[Notice]:
    """A person's inbox over all their projects, newest first."""
    mine = Membership.objects.filter(user=user).values("project")
    notices = Notice.objects.filter(user=user, comment__task__dataset__project__in=mine)
    if unread_only:
        notices = notices.filter(read_at=None)
    return notices.select_related("comment__author", "comment__task__item", "comment__task__dataset__project")


def count_unread(user) -> int:
    """How much a person has not read yet, for the head of every page: kept, so that it costs no query."""
    found = cache.get(count_key(user.pk))
    if found is None:
        found = list_notices(user, unread_only=True).order_by().count()
        cache.set(count_key(user.pk), found, COUNT_SECONDS)
    return found


def list_mentionable(project: Project, task: Task) -> list[str]:
    """User names that a comment on this task may name: reviewers and above, and whom the task was lent to."""
    given = set(Lease.objects.filter(task=task).values_list("user_id", flat=True))
    given |= set(Annotation.objects.filter(task=task, origin="human").values_list("user_id", flat=True))
    members = Membership.objects.filter(project=project, user__is_active=True).select_related("user")
    roles = (Membership.Role.REVIEWER, Membership.Role.ENGINEER, Membership.Role.OWNER)
    return sorted(m.user.username for m in members if m.role in roles or m.user_id in given)
