"""Tasks with their annotations and predictions."""

from __future__ import annotations

from rest_framework.response import Response

from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.external_counts import count_project
from lifecycle.annotations.external_filters import filter_tasks
from lifecycle.annotations.picture_addresses import find_pictures
from lifecycle.annotations.services import external_answers, external_tasks, label_imports
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.rules import is_allowed
from webapp.protocols.label_studio.base import (
    DoorView,
    ProjectDoorView,
    cut_page,
    read_body,
    read_flag,
    read_id,
    read_page,
)
from webapp.protocols.label_studio.views import find_query


class TasksView(DoorView):
    """``?project=…&page=…&page_size=…&fields=all|task_only&only_annotated=…&query=…&view=…``"""

    def get(self, request):
        asked = request.query_params
        query, pk = find_query(request.user, asked.get("view")), asked.get("project")
        project = self.open_project(pk if pk is not None else query.get("project"), "annotator")
        tasks = selectors.list_tasks(project, request.user, role=project.role)
        filters = [text for text in (query.get("query"), asked.get("query")) if text]
        only_annotated = read_flag(asked.get("only_annotated"))
        if only_annotated:
            tasks = selectors.list_annotated(tasks, request.user, role=project.role)
        for text in filters:
            tasks = narrow(project, tasks, text, request.user)
        page, size = read_page(request, default=100)
        is_all = not filters and not only_annotated and is_allowed(project.role, "reviewer")
        if is_all:
            counts = count_project(project, request.user, role=project.role)
        else:
            counts = {"tasks": tasks.count()} | selectors.count_labels(tasks, request.user, role=project.role)
        total = counts["tasks"]
        rows = selectors.describe_tasks(project, request.user, cut_page(tasks, total, page, size), role=project.role)
        if asked.get("fields", "task_only") == "task_only":
            rows = [_drop_labels(row) for row in rows]
        given = counts["answers"] + counts.get("gold", 0)
        shown = {"total_annotations": given, "total_predictions": counts["suggestions"]}
        return Response({"tasks": rows, "total": total, **shown})

    def post(self, request):
        body = read_body(request)
        project = self.open_project(body.get("project"), "engineer")
        task = selectors.get_task(project, request.user, _create(project, request.user, body), role=project.role)
        return Response(selectors.describe_tasks(project, request.user, [task], role=project.role)[0], status=201)


class TaskView(ProjectDoorView):
    kind = "task"

    def _get(self, task_pk: int):
        return selectors.get_task(self.project, self.request.user, task_pk, role=self.role)

    def _describe(self, task) -> Response:
        return Response(selectors.describe_tasks(self.project, self.request.user, [task], role=self.role)[0])

    def get(self, request, task_pk):
        return self._describe(self._get(task_pk))

    def patch(self, request, task_pk):
        body = read_body(request)
        task = external_tasks.update_task(
            project=self.project, actor=request.user, task=self._get(task_pk), data=body.get("data"),
            meta=body.get("meta"),
        )  # fmt: skip
        return self._describe(task)

    def delete(self, request, task_pk):
        external_tasks.delete_tasks(project=self.project, actor=request.user, task_ids=[task_pk])
        return Response(status=204)


class ProjectTasksView(ProjectDoorView):
    def get(self, request, project_pk):
        tasks = selectors.list_tasks(self.project, request.user, role=self.role)
        page, size = read_page(request, default=100)
        rows = cut_page(tasks, selectors.count_tasks(self.project, request.user, role=self.role), page, size)
        return Response(selectors.describe_tasks(self.project, request.user, rows, role=self.role))

    def delete(self, request, project_pk):
        external_tasks.delete_tasks(project=self.project, actor=request.user)
        return Response(status=204)


class TaskAnnotationsView(ProjectDoorView):
    kind = "task"

    def get(self, request, task_pk):
        task = selectors.get_task(self.project, request.user, task_pk, role=self.role)
        found = selectors.list_annotations(self.project, request.user, role=self.role, task_ids=[task.pk])
        return Response(selectors.describe_annotations(self.project, found))

    def post(self, request, task_pk):
        task = selectors.get_task(self.project, request.user, task_pk, role=self.role)
        annotation = external_answers.create_answer(
            project=self.project, user=request.user, role=self.role, task=task, raw=read_body(request)
        )
        return Response(selectors.describe_annotations(self.project, [annotation])[0], status=201)


class AnnotationView(ProjectDoorView):
    kind = "annotation"

    def _get(self, pk: int):
        return selectors.get_annotation(self.project, self.request.user, pk, role=self.role)

    def get(self, request, annotation_pk):
        return Response(selectors.describe_annotations(self.project, [self._get(annotation_pk)])[0])

    def patch(self, request, annotation_pk):
        changed = external_answers.change_answer(
            project=self.project,
            user=request.user,
            role=self.role,
            annotation=self._get(annotation_pk),
            raw=read_body(request),
        )
        return Response(selectors.describe_annotations(self.project, [changed])[0])

    def delete(self, request, annotation_pk):
        external_answers.delete_answer(
            project=self.project, user=request.user, role=self.role, annotation=self._get(annotation_pk)
        )
        return Response(status=204)


class PredictionsView(DoorView):
    """``?project=…`` or ``?task=…``"""

    def get(self, request):
        asked = request.query_params
        if task_pk := asked.get("task"):
            project = self.open_slug(selectors.find_slug("task", read_id(task_pk, "task")), "reviewer")
            found = selectors.list_suggestions(project, role=project.role).filter(task=read_id(task_pk, "task"))
        else:
            project = self.open_project(asked.get("project") or asked.get("task__project"), "reviewer")
            found = selectors.list_suggestions(project, role=project.role)
        return Response(selectors.describe_suggestions(project, found))

    def post(self, request):
        body = read_body(request)
        pk = read_id(body.get("task"), "task")
        project = self.open_slug(selectors.find_slug("task", pk), "engineer")
        task = selectors.get_task(project, request.user, pk, role=project.role)
        made = external_answers.create_suggestion(project=project, user=request.user, task=task, raw=body)
        return Response(selectors.describe_suggestions(project, [made])[0], status=201)


class PredictionView(ProjectDoorView):
    kind = "prediction"

    def get(self, request, prediction_pk):
        found = selectors.get_suggestion(self.project, prediction_pk, role=self.role)
        return Response(selectors.describe_suggestions(self.project, [found])[0])

    def patch(self, request, prediction_pk):
        found = selectors.get_suggestion(self.project, prediction_pk, role=self.role)
        changed = external_answers.change_suggestion(project=self.project, suggestion=found, raw=read_body(request))
        return Response(selectors.describe_suggestions(self.project, [changed])[0])

    def delete(self, request, prediction_pk):
        external_answers.delete_suggestion(
            suggestion=selectors.get_suggestion(self.project, prediction_pk, role=self.role)
        )
        return Response(status=204)


def _create(project, user, body) -> int:
    """The id of a task; its picture is fetched by a worker where that lies elsewhere."""
    find = find_pictures(user)
    if not label_imports.wants_job(project, [body], find):
        return external_tasks.import_tasks(project=project, user=user, tasks=[body], find_pictures=find).task_ids[0]
    job = label_imports.start_tasks(project=project, user=user, tasks=[body])
    if not label_imports.wait_for(job):
        raise Conflict(
            f"What this task shows is still being fetched. It goes on: ask for import {job.pk} "
            f"(/api/projects/{project.pk}/imports/{job.pk})."
        )
    return job.result["task_ids"][0]


def narrow(project, tasks, text, user):
    """The tasks that a query means; DomainError for one that cannot be read."""
    try:
        return filter_tasks(project, tasks, text, user, role=project.role)
    except (ValueError, TypeError, AttributeError) as error:
        raise DomainError(f"The query cannot be read: {error}", fields={"query": str(error)}) from None


def _drop_labels(row):
    return {name: value for name, value in row.items() if name not in ("annotations", "predictions", "drafts")}
