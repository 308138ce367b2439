"""Projects: list, create, look at, change, delete, and take tasks in."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.response import Response

from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.external_payloads import DEFAULTS
from lifecycle.annotations.picture_addresses import find_pictures
from lifecycle.annotations.services import (
    external,
    external_actions,
    external_answers,
    external_tasks,
    label_imports,
)
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.projects.models import Project
from lifecycle.projects.selectors import find_roles, list_member_projects
from webapp.api.parsers import BodyTooLarge
from webapp.protocols.label_studio.base import (
    DoorView,
    ProjectDoorView,
    cut_page,
    read_body,
    read_flag,
    read_id,
    read_page,
)
from webapp.protocols.label_studio.uploads import list_media, read_files

IMPORT_BYTES = 64 * 1024 * 1024
IMPORT_STATES = {"queued": "created", "running": "in_progress", "succeeded": "completed"}
SETTINGS = {*DEFAULTS, "maximum_annotations"}


class LargeJsonParser(BaseParser):
    """JSON of an import, which may be larger than other bodies."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        body = stream.read(IMPORT_BYTES + 1)
        if len(body) > IMPORT_BYTES:
            raise BodyTooLarge()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from None


class ProjectsView(DoorView):
    def get(self, request):
        found = list_member_projects(request.user).select_related("created_by").order_by("-pk")
        if title := request.query_params.get("title") or request.query_params.get("search"):
            found = found.filter(name__icontains=title)
        if ids := request.query_params.get("ids"):
            found = found.filter(pk__in=[read_id(one, "ids") for one in ids.split(",")])
        page, size = read_page(request, default=30)
        total = found.count()
        results = _describe(request.user, cut_page(found, total, page, size))
        return Response({"count": total, "next": None, "previous": None, "results": results})

    def post(self, request):
        body = read_body(request)
        project = external.create_project(
            user=request.user,
            title=str(body.get("title") or ""),
            config=str(body.get("label_config") or external.EMPTY_CONFIG),
            settings=_pick_settings(body),
        )
        return Response(_describe(request.user, [project])[0], status=201)


class ProjectView(ProjectDoorView):
    def get(self, request, project_pk):
        return Response(selectors.describe_project(self.project, request.user, role=self.role))

    def patch(self, request, project_pk):
        body = read_body(request)
        title, config = body.get("title"), body.get("label_config")
        external.update_project(
            project=self.project,
            actor=request.user,
            title=None if title is None else str(title),
            config=None if config is None else str(config),
            settings=_pick_settings(body),
        )
        return Response(selectors.describe_project(self.project, request.user, role=self.role))

    def delete(self, request, project_pk):
        external.delete_project(project=self.project, actor=request.user)
        return Response(status=204)


class ValidateView(ProjectDoorView):
    """Says whether a configuration would be taken."""

    def post(self, request, project_pk):
        config = read_body(request).get("label_config")
        if not isinstance(config, str):
            raise external.BadConfig("Send the configuration as label_config.")
        external.parse(config)
        return Response({"label_config": config})


class ModelVersionsView(ProjectDoorView):
    """{version: how many predictions}; those of one version are deleted with `model_version` in the body."""

    def get(self, request, project_pk):
        return Response(selectors.count_model_versions(self.project))

    def delete(self, request, project_pk):
        version = read_body(request).get("model_version")
        if not version:
            raise DomainError("Say which: model_version.", fields={"model_version": "This field is required."})
        tasks = selectors.list_tasks(self.project, request.user, role=self.role)
        return Response(external_actions.delete_suggestions(tasks=tasks, version=str(version)))


class ImportView(ProjectDoorView):
    """Tasks as JSON, or files: of JSON, CSV, TSV or lines of text, or pictures and sounds, which a job takes in."""

    parser_classes = [LargeJsonParser, MultiPartParser]

    def post(self, request, project_pk):
        started = time.perf_counter()
        if media := list_media(request.FILES.values()):
            job = label_imports.start_files(project=self.project, user=request.user, files=media)
            return _answer(request, job, len(media), [])
        tasks, formats = _read_tasks(request)
        if label_imports.wants_job(self.project, tasks, find_pictures(request.user)):
            return self._start(request, tasks, formats)
        done = external_tasks.import_tasks(
            project=self.project, user=request.user, tasks=tasks, find_pictures=find_pictures(request.user)
        )
        data = tasks[0].get("data", tasks[0]) if tasks and isinstance(tasks[0], dict) else {}
        body = _describe_import(len(tasks), formats) | {
            "new_task_count": done.new_count,  # the others have the content of a task that is there: they are it
            "annotation_count": done.annotation_count,
            "prediction_count": done.prediction_count,
            "predictions_count": done.prediction_count,
            "duration": round(time.perf_counter() - started, 3),
            "data_columns": sorted(data) if isinstance(data, dict) else [],
        }
        if read_flag(request.query_params.get("return_task_ids")):
            body["task_ids"] = done.task_ids
        return Response(body, status=201)

    def _start(self, request, tasks: list[Any], formats: list[str]) -> Response:
        """Many tasks, or pictures that have to be fetched."""
        job = label_imports.start_tasks(project=self.project, user=request.user, tasks=tasks)
        return _answer(request, job, len(tasks), formats)


class ImportStatusView(ProjectDoorView):
    """How far an import is that a job works on."""

    def get(self, request, project_pk, import_pk):
        job = label_imports.find_import(self.project, import_pk)
        if job is None:
            raise NotFound("There is no such import.")
        result = job.result or {}
        return Response({
            "id": job.pk,
            "status": IMPORT_STATES.get(job.state, "failed"),
            "error": job.error or label_imports.tell_rest(job),
            "task_count": result.get("tasks", result.get("accepted", 0)),
            "annotation_count": result.get("annotations", 0),
            "prediction_count": result.get("predictions", 0),
            "created_at": job.created_at,
            "finished_at": job.finished_at,
        })  # fmt: skip


class ImportPredictionsView(ProjectDoorView):
    """Predictions for tasks that are there: [{"task": id, "result": …}]."""

    parser_classes = [LargeJsonParser]

    def post(self, request, project_pk):
        if not isinstance(request.data, list):
            raise DomainError("Send a list of predictions.")
        count = external_answers.import_suggestions(project=self.project, user=request.user, rows=request.data)
        return Response({"created": count}, status=201)


def _answer(request, job, count: int, formats: list[str]) -> Response:
    """What a worker made of an import, which is awaited as Label Studio's scripts go on with its tasks; where that
    takes too long its number, `import`."""
    started = time.perf_counter()
    body = _describe_import(count, formats) | {"import": job.pk}
    if label_imports.wait_for(job):
        done = job.result
        suggestions = done.get("predictions", 0)
        body |= {
            "task_count": done.get("tasks", done.get("accepted", 0)),
            "annotation_count": done.get("annotations", 0),
            "prediction_count": suggestions,
            "predictions_count": suggestions,
            "error": label_imports.tell_rest(job),
        }
        if "new_tasks" in done:
            body["new_task_count"] = done["new_tasks"]
        if read_flag(request.query_params.get("return_task_ids")) and "task_ids" in done:
            body["task_ids"] = done["task_ids"]
    return Response(body | {"duration": round(time.perf_counter() - started, 3)}, status=201)


def _describe_import(count: int, formats: list[str]) -> dict[str, Any]:
    """Of an import that nothing is known of yet."""
    return {"task_count": count, "annotation_count": 0, "prediction_count": 0, "duration": 0.0, "file_upload_ids": [],
            "could_be_tasks_list": bool(formats), "found_formats": formats, "data_columns": []}  # fmt: skip


def _describe(user, projects: Sequence[Project]) -> list[dict[str, Any]]:
    roles = find_roles(user, [project.pk for project in projects])
    mine = [project for project in projects if project.pk in roles]  # a membership may end between two statements
    return selectors.describe_projects(mine, user, roles=roles)


def _read_tasks(request) -> tuple[list[Any], list[str]]:
    if request.FILES:
        return read_files(request.FILES.values())
    if isinstance(request.data, dict):
        return [request.data], []
    return list(request.data or []), []


def _pick_settings(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in SETTINGS & set(body)}
