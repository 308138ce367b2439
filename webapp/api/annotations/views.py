"""Labelling over REST: schema, guide, queue, answers, tasks."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.annotations import selectors, services
from lifecycle.annotations.labelling_selectors import read_labelling
from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services import suggestions
from lifecycle.annotations.services.quiz_gate import require_passed as require_quiz
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.label_interface import MAIN_CONTROL
from lifecycle.embeddings.services.grid_pages import lease_page
from lifecycle.projects.rules import is_allowed
from webapp.api.annotations import payloads, serializers
from webapp.api.annotations.operations import apply_operation
from webapp.api.base import ProjectView
from webapp.pages.annotations.guide import render_guide

HISTORY_LIMIT = 50


class SchemaView(ProjectView):
    """The label schema that counts now."""

    @extend_schema(responses=serializers.Schema)
    def get(self, request, slug):
        return Response(serializers.Schema(selectors.get_schema(self.project)).data)

    @extend_schema(request=serializers.SchemaChange, responses=serializers.Schema)
    def put(self, request, slug):
        """Set the classes (labels of renamed ones follow), or take a Label Studio configuration."""
        change = self.parse(serializers.SchemaChange)
        if "config" in change:
            change["renames"] = {MAIN_CONTROL: change.pop("renames", {})}
            schema = services.set_config(project=self.project, actor=request.user, **change)
        else:
            schema = services.change_schema(project=self.project, actor=request.user, **change)
        return Response(serializers.Schema(schema).data)


class SchemaVersionsView(ProjectView):
    """Every version of the label schema, newest first."""

    @extend_schema(responses=serializers.Schema(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_schemas(self.project), serializers.Schema)


class GuideView(ProjectView):
    """The labelling guide, as Markdown and as safe HTML."""

    @extend_schema(responses=serializers.Guide)
    def get(self, request, slug):
        guide = selectors.find_guide(self.project)
        body = guide.body if guide else ""
        return Response({"version": guide.version if guide else 0, "body": body, "html": render_guide(body, slug)})

    @extend_schema(request=serializers.GuideChange, responses=serializers.Guide)
    def put(self, request, slug):
        change = self.parse(serializers.GuideChange)
        guide = services.write_guide(project=self.project, actor=request.user, **change)
        return Response({"version": guide.version, "body": guide.body, "html": render_guide(guide.body, slug)})


class QueueView(ProjectView):
    """How the queue works, how far it is, and what the caller did of it."""

    @extend_schema(
        parameters=[
            OpenApiParameter("since", datetime, description="start of the caller's day; default: midnight UTC")
        ],
        responses=serializers.Queue,
    )
    def get(self, request, slug):
        return Response(_build_queue(self.project, request.user, _read_since(request)))

    @extend_schema(request=serializers.QueueChange, responses=serializers.Queue)
    def put(self, request, slug):
        change = self.parse(serializers.QueueChange)
        services.change_settings(project=self.project, actor=request.user, **change)
        return Response(_build_queue(self.project, request.user, _read_since(request)))


class NextView(ProjectView):
    """Take tasks from the queue, leased to the caller."""

    @extend_schema(request=serializers.NextRequest, responses=serializers.NextTasks)
    def post(self, request, slug):
        wanted = self.parse(serializers.NextRequest)
        now = read_labelling(self.project, request.user)
        require_quiz(self.project, request.user, role=self.project.role, settings=now.quality)
        share = wanted.pop("share")
        if "order" in wanted:
            tasks = lease_page(project=self.project, user=request.user, labelling=now, **wanted)
        else:
            tasks = services.lease_next(project=self.project, user=request.user, labelling=now, share=share, **wanted)
        body = {
            "lease_seconds": now.queue.lease_seconds,
            "tasks": payloads.build_tasks(self.project, request.user, tasks, now),
            "elsewhere": 0 if tasks else selectors.count_elsewhere(self.project, request.user),
            "held": [] if tasks else selectors.list_own_leases(self.project, request.user),
            "schema_version": now.schema_version,
        }
        return Response(body)


class RenewView(ProjectView):
    """Keep leases alive; what is not in the answer was given to somebody else."""

    @extend_schema(request=serializers.RenewRequest, responses=serializers.Held)
    def post(self, request, slug):
        wanted = self.parse(serializers.RenewRequest)
        held = services.renew(project=self.project, user=request.user, task_ids=wanted["tasks"], share=wanted["share"])
        return Response({"held": held})


class ReleaseView(ProjectView):
    """Give leases back."""

    @extend_schema(request=serializers.TaskIds, responses=serializers.Released)
    def post(self, request, slug):
        wanted = self.parse(serializers.TaskIds)
        count = services.release(project=self.project, user=request.user, task_ids=wanted["tasks"])
        return Response({"released": count})


class HistoryView(ProjectView):
    """The caller's newest answers with their tasks, newest first."""

    @extend_schema(responses=serializers.HistoryEntry(many=True))
    def get(self, request, slug):
        entries = selectors.list_history(self.project, request.user, limit=HISTORY_LIMIT)
        for entry in entries:
            entry.user = request.user
        tasks = payloads.build_tasks(self.project, request.user, [entry.task for entry in entries])
        pairs = zip(tasks, entries, strict=True)
        return Response([{"task": task, "annotation": serializers.AnnotationBody(entry).data} for task, entry in pairs])


class AnnotationsView(ProjectView):
    """Answers: everybody's for reviewers, one's own below that."""

    @extend_schema(
        parameters=[
            OpenApiParameter("task", int),
            OpenApiParameter("user", int),
            OpenApiParameter("value", str),
            OpenApiParameter("kind", str, enum=Annotation.Kind.values),
            OpenApiParameter("origin", str, enum=Annotation.Origin.values),
            OpenApiParameter("current", bool),
        ],
        responses=serializers.AnnotationBody(many=True),
    )
    def get(self, request, slug):
        found = selectors.list_annotations(
            self.project,
            request.user,
            role=self.project.role,
            task_id=_read_int(request, "task"),
            person_id=_read_int(request, "user"),
            value=request.query_params.get("value", ""),
            kind=request.query_params.get("kind", ""),
            origin=request.query_params.get("origin", ""),
            current_only=request.query_params.get("current") in {"1", "true"},
        )
        return self.respond_page(found, serializers.AnnotationBody)

    @extend_schema(request=serializers.Submission, responses={201: serializers.AnnotationBody})
    def post(self, request, slug):
        """Answer a task that was lent to the caller, or change one's answer. A reviewer may answer any open task."""
        require_quiz(self.project, request.user, role=self.project.role)
        answer = self.parse(serializers.Submission)
        shown = answer.pop("suggestion", None)
        annotation = services.submit(
            project=self.project,
            user=request.user,
            task_id=answer.pop("task"),
            may_answer_any=is_allowed(self.project.role, "reviewer"),
            **answer,
        )
        if shown:
            suggestions.record_outcome(project=self.project, user=request.user, annotation=annotation, said=shown)
        return Response(serializers.AnnotationBody(annotation).data, status=status.HTTP_201_CREATED)


class AnnotationView(ProjectView):
    """One version of one answer."""

    @extend_schema(responses=serializers.AnnotationBody)
    def get(self, request, slug, annotation_id):
        found = selectors.get_annotation(self.project, request.user, annotation_id, role=self.project.role)
        return Response(serializers.AnnotationBody(found).data)


class BatchView(ProjectView):
    """What a browser's outbox brings: each operation is committed for itself, and has an outcome of its own."""

    @extend_schema(request=serializers.Batch, responses=serializers.Outcomes)
    def post(self, request, slug):
        batch = self.parse(serializers.Batch)
        if batch["as_user"] != request.user.pk:
            raise OtherUser("Somebody else is logged in here now. Log in again as yourself: your labels are kept.")
        applied = [apply_operation(self.project, request.user, one) for one in batch["operations"]]
        newest = max((version for _, version in applied), default=0) or selectors.find_schema_version(self.project)
        return Response({"outcomes": [outcome for outcome, _ in applied], "schema_version": newest})


class OtherUser(Conflict):
    code = "other_user"


class TasksView(ProjectView):
    """All tasks, for reviewers."""

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=Task.State.values),
            OpenApiParameter("min_answers", int),
            OpenApiParameter("label", str),
            OpenApiParameter("search", str),
        ],
        responses=serializers.TaskBody(many=True),
    )
    def get(self, request, slug):
        found = selectors.list_tasks(
            self.project,
            state=request.query_params.get("state", ""),
            min_answers=_read_int(request, "min_answers"),
            label=request.query_params.get("label", ""),
            search=request.query_params.get("search", ""),
        )
        context = {
            "project": self.project,
            "columns": payloads.list_columns(self.project),
            "interface": selectors.find_interface(self.project),
        }
        return self.respond_page(found, serializers.TaskBody, context=context)


class TaskView(ProjectView):
    """One task: any for a reviewer, below that one that was lent to the caller."""

    @extend_schema(responses=serializers.TaskBody)
    def get(self, request, slug, task_id):
        task = selectors.get_task(self.project, request.user, task_id, role=self.project.role)
        return Response(payloads.build_tasks(self.project, request.user, [task])[0])


class TaskVersionsView(ProjectView):
    """Every version of the answers on a task that the caller may see, newest first."""

    @extend_schema(responses=serializers.AnnotationBody(many=True))
    def get(self, request, slug, task_id):
        selectors.get_task(self.project, request.user, task_id, role=self.project.role)
        found = selectors.list_annotations(self.project, request.user, role=self.project.role, task_id=task_id)
        return self.respond_page(found, serializers.AnnotationBody)


class SkipView(ProjectView):
    """Say that a task cannot be labeled."""

    @extend_schema(request=serializers.Skip, responses={201: serializers.AnnotationBody})
    def post(self, request, slug, task_id):
        require_quiz(self.project, request.user, role=self.project.role)
        skip = self.parse(serializers.Skip)
        any_task = is_allowed(self.project.role, "reviewer")
        annotation = services.skip(
            project=self.project, user=request.user, task_id=task_id, may_answer_any=any_task, **skip
        )
        return Response(serializers.AnnotationBody(annotation).data, status=status.HTTP_201_CREATED)


class UndoView(ProjectView):
    """Take back one's own answer or skip; the task is lent to the caller again."""

    @extend_schema(request=serializers.Undo, responses={201: serializers.AnnotationBody})
    def post(self, request, slug, task_id):
        undo = self.parse(serializers.Undo)
        annotation = services.withdraw(project=self.project, user=request.user, task_id=task_id, **undo)
        return Response(serializers.AnnotationBody(annotation).data, status=status.HTTP_201_CREATED)


class ReopenView(ProjectView):
    """Send tasks that are done or skipped back to the queue, for one more answer."""

    @extend_schema(request=serializers.TaskIds, responses=serializers.Reopened)
    def post(self, request, slug):
        wanted = self.parse(serializers.TaskIds)
        count = services.reopen(project=self.project, actor=request.user, task_ids=wanted["tasks"])
        return Response({"reopened": count})


def _build_queue(project, user, since) -> dict:
    settings, progress = find_settings(project), selectors.count_progress(project)
    own = {
        "today": selectors.count_answers_since(project, user, since),
        "seconds_per_label": selectors.measure_seconds_per_label(project, user),
    }
    body = {"total": progress.total, "open": progress.open, "done": progress.done, "skipped": progress.skipped}
    return {"overlap": settings.overlap, "lease_seconds": settings.lease_seconds, "progress": body, "own": own,
            "schema_version": selectors.find_schema_version(project)}  # fmt: skip


def _read_int(request, name: str) -> int | None:
    given = request.query_params.get(name)
    if given in (None, ""):
        return None
    if not given.isdecimal() or len(given) > 18:
        raise DomainError(f"“{name}” must be a whole number.", fields={name: "a whole number"})
    return int(given)


def _read_since(request) -> datetime:
    given = request.query_params.get("since", "")
    try:
        since = parse_datetime(given) if given else None
    except ValueError:
        since = None
    if given and since is None:
        raise DomainError("“since” must be a time such as 2026-01-31T00:00:00Z.")
    if since is None:
        return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return since if timezone.is_aware(since) else timezone.make_aware(since)
