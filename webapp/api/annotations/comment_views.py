"""Comments on tasks and the caller's inbox over REST."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.annotations import comment_selectors, selectors
from lifecycle.annotations.services import comments
from webapp.api.annotations import queue_serializers as serializers
from webapp.api.base import ApiView, ProjectView


class CommentsView(ProjectView):
    """What people say about a task that the caller may see."""

    @extend_schema(responses=serializers.TaskCommentBody(many=True))
    def get(self, request, slug, task_id):
        found = comment_selectors.list_comments(self.project, request.user, task_id, role=self.project.role)
        return self.respond_page(found, serializers.TaskCommentBody)

    @extend_schema(request=serializers.TaskCommentBody, responses={201: serializers.TaskCommentBody})
    def post(self, request, slug, task_id):
        """Say something. Whom it names with an @, and who spoke before, find it in their inbox."""
        task = selectors.get_task(self.project, request.user, task_id, role=self.project.role)
        said = self.parse(serializers.TaskCommentBody)
        comment = comments.add_comment(project=self.project, user=request.user, task=task, body=said["body"])
        return Response(serializers.TaskCommentBody(comment).data, status=status.HTTP_201_CREATED)


class MentionableView(ProjectView):
    """Whom a comment on a task may name."""

    @extend_schema(responses=serializers.Mentionable)
    def get(self, request, slug, task_id):
        """User names to offer while one types: reviewers, and those whose work on it the caller may know of."""
        task = selectors.get_task(self.project, request.user, task_id, role=self.project.role)
        names = comment_selectors.list_mentionable(self.project, request.user, task, role=self.project.role)
        return Response({"names": names})


class ResolveView(ProjectView):
    """Whether a matter is closed."""

    @extend_schema(request=None, responses=serializers.TaskCommentBody)
    def post(self, request, slug, comment_id):
        """Close it: nobody has it in their inbox as unread any more."""
        comment = comment_selectors.get_comment(self.project, request.user, comment_id, role=self.project.role)
        return Response(serializers.TaskCommentBody(comments.resolve(comment=comment, user=request.user)).data)

    @extend_schema(responses=serializers.TaskCommentBody)
    def delete(self, request, slug, comment_id):
        """Open it again."""
        comment = comment_selectors.get_comment(self.project, request.user, comment_id, role=self.project.role)
        return Response(serializers.TaskCommentBody(comments.reopen_comment(comment=comment)).data)


class InboxView(ApiView):
    """Comments that name the caller or follow theirs, over all projects, newest first."""

    @extend_schema(
        parameters=[OpenApiParameter("unread", bool)], responses=serializers.NoticeBody(many=True)
    )  # fmt: skip
    def get(self, request):
        unread_only = request.query_params.get("unread") in {"1", "true"}
        found = comment_selectors.list_notices(request.user, unread_only=unread_only)
        return self.respond_page(found, serializers.NoticeBody)


class InboxReadView(ApiView):
    """Take notices as read."""

    @extend_schema(request=serializers.NoticeIds, responses=serializers.Counted)
    def post(self, request):
        wanted = self.parse(serializers.NoticeIds)
        return Response({"count": comments.mark_read(user=request.user, notice_ids=wanted.get("notices"))})
