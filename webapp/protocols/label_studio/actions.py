"""Actions of Label Studio's data manager on the tasks of a view, a filter or a selection; and the next task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.response import Response

from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations import suggestion_selectors
from lifecycle.annotations.labelling_selectors import read_labelling
from lifecycle.annotations.services import external_actions, external_tasks
from lifecycle.annotations.services.queue import lease_next
from lifecycle.annotations.services.quiz_gate import require_passed
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed
from webapp.protocols.label_studio.base import DoorView, ProjectDoorView, read_body, read_id
from webapp.protocols.label_studio.tasks import narrow
from webapp.protocols.label_studio.views import find_query

ENGINEER = "engineer"
ACTIONS: dict[str, tuple[int, str, str]] = {  # order and title as in Label Studio, and what it does
    "retrieve_tasks_predictions": (90, "Retrieve Predictions", "The ML backends are asked about the open tasks."),
    "predictions_to_annotations": (
        91, "Create Annotations From Predictions", "The predictions of the selected tasks become your annotations.",
    ),
    "remove_duplicates": (95, "Remove Duplicated Tasks", "The same content is one task here: there is nothing to do."),
    "delete_tasks": (100, "Delete Tasks", "The selected tasks are deleted."),
    "delete_tasks_annotations": (101, "Delete Annotations", "The annotations of the selected tasks are deleted."),
    "delete_tasks_predictions": (102, "Delete Predictions", "The predictions of the selected tasks are deleted."),
}  # fmt: skip


class ActionsView(DoorView):
    """``?project=…&id=…&view=…`` with filters, ordering and selectedItems in the body."""

    def get(self, request):
        project = self.open_project(request.query_params.get("project"), "annotator")
        if not is_allowed(project.role, ENGINEER):
            return Response([])
        return Response([_describe(name, *said) for name, said in ACTIONS.items()])

    def post(self, request):
        asked, body = request.query_params, read_body(request)
        name = asked.get("id") or body.get("id")
        if name == "next_task":
            return Response(take_next(self.open_project(asked.get("project"), "annotator"), request.user))
        project = self.open_project(asked.get("project"), ENGINEER)
        if name not in ACTIONS:
            known = ", ".join(ACTIONS)
            raise DomainError(f"There is no action “{str(name)[:60]}”. There are: {known}.", fields={"id": "Unknown."})
        tasks = _select(project, request.user, asked.get("view") or body.get("view"), body)
        return Response(_act(name, project, request.user, tasks, body))


class NextTaskView(ProjectDoorView):
    def get(self, request, project_pk):
        return Response(take_next(self.project, request.user))


def take_next(project: Project, user) -> dict[str, Any]:
    """The task that the user holds, or else the next of the queue, leased to them; with what they may see of it."""
    now = read_labelling(project, user)
    require_passed(project, user, role=project.role, settings=now.quality)
    tasks = lease_next(project=project, user=user, resume=True, labelling=now)[:1]
    if not tasks:
        raise NotFound(f"There are no tasks for {user.username}.")
    [body] = selectors.describe_tasks(project, user, tasks, role="annotator")
    shown = suggestion_selectors.list_shown(suggestion_selectors.find_active(project), tasks).get(tasks[0].pk, [])
    found = selectors.list_suggestions(project, role="owner").filter(pk__in=[one["id"] for one in shown])
    body["predictions"] = selectors.describe_suggestions(project, found)
    return body | {"total_predictions": len(body["predictions"]), "queue": "Gristmill's queue"}


def _select(project: Project, user, view: Any, body: Mapping[str, Any]):
    """The tasks that are meant: a view's, before what the body says."""
    tasks = selectors.list_tasks(project, user, role=project.role)
    if view:
        query = find_query(user, str(view))
        if query.get("project") != project.pk:
            raise NotFound("There is no such view in this project.")
        return narrow(project, tasks, query["query"], user)
    said = {name: body[name] for name in ("filters", "selectedItems") if body.get(name)}
    return narrow(project, tasks, json.dumps(said), user)


def _act(name: str, project: Project, user, tasks, body: Mapping[str, Any]) -> dict[str, Any]:
    if name == "delete_tasks":
        ids = list(tasks.values_list("pk", flat=True))
        count = external_tasks.delete_tasks(project=project, actor=user, task_ids=ids) if ids else 0
        return {"processed_items": count, "reload": False, "detail": f"Deleted {count} tasks"}
    if name == "delete_tasks_annotations":
        person = body.get("annotator")
        user_id = read_id(person, "annotator") if person else None
        count = external_actions.delete_labels(project=project, tasks=tasks, user_id=user_id)
        return {"processed_items": count, "detail": f"Deleted {count} annotations"}
    if name == "delete_tasks_predictions":
        count = external_actions.delete_suggestions(tasks=tasks)
        return {"processed_items": count, "detail": f"Deleted {count} predictions"}
    if name == "predictions_to_annotations":
        return _answer(project, user, tasks, body.get("model_version"))
    if name == "retrieve_tasks_predictions":
        count = external_actions.ask_backends(project=project, user=user)
        return {"processed_items": count, "detail": f"{count} ML backends are asked about the open tasks"}
    return {"processed_items": 0, "detail": "Removed 0 duplicated tasks: the same content is one task here"}


def _answer(project: Project, user, tasks, version: Any) -> dict[str, Any]:
    versions = (
        None
        if version in (None, "", [])
        else [str(one) for one in version]
        if isinstance(version, list)
        else [str(version)]
    )
    count, refused = external_actions.answer_by_suggestions(project=project, user=user, tasks=tasks, versions=versions)
    detail = f"Created {count} annotations"
    if refused:
        detail += f"; {refused} predictions do not fit the labeling configuration"
    return {"processed_items": count, "detail": detail}


def _describe(name: str, order: int, title: str, text: str) -> dict[str, Any]:
    dialog = {"title": title, "text": text, "type": "confirm", "form": None}
    return {"id": name, "title": title, "order": order, "permission": "tasks.change", "experimental": False,
            "dialog": dialog}  # fmt: skip
