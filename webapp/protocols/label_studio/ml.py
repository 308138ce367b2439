"""ML backends, connected, asked and told by Label Studio's own API. A worker talks to them, never this process."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Any

from rest_framework.response import Response

from lifecycle.annotations import external_selectors, suggestion_selectors
from lifecycle.annotations.label_studio import swap_names
from lifecycle.annotations.models import SuggestionSource
from lifecycle.annotations.services import backends, suggestions
from lifecycle.annotations.services.external import get_interface
from lifecycle.common import secrets
from lifecycle.jobs.models import Job
from lifecycle.jobs.waiting import wait_until_ended
from webapp.protocols.label_studio.base import DoorView, ProjectDoorView, read_body, read_flag, read_id

STATES = {"queued": "PR", "running": "PR", "succeeded": "CO", "failed": "ER", "canceled": "DI"}
NAMES = {"CO": "Connected", "DI": "Disconnected", "ER": "Error", "PR": "Predicting", "TR": "Training"}
WAIT_SECONDS, LOOK_SECONDS = 60.0, 0.05
_waiting = BoundedSemaphore(4)  # of this process: a request that waits holds a thread that others need


class BackendsView(DoorView):
    """``?project=…``"""

    def get(self, request):
        project = self.open_project(request.query_params.get("project"), "engineer")
        found = suggestion_selectors.list_backends(project)
        if (wanted := request.query_params.get("is_interactive")) is not None:
            found = found.filter(is_interactive=read_flag(wanted))
        return Response([describe(source) for source in found])

    def post(self, request):
        """Connect one. It is asked about the open tasks at once, and hears of every answer, as in Label Studio."""
        body = read_body(request)
        project = self.open_project(body.get("project"), "engineer")
        source = backends.add_backend(
            project=project,
            actor=request.user,
            url=str(body.get("url") or ""),
            title=str(body.get("title") or ""),
            username=str(body.get("basic_auth_user") or ""),
            password=str(body.get("basic_auth_pass") or ""),
            is_told=True,
            is_interactive=body.get("is_interactive") is True,
        )
        return Response(describe(source), status=201)


class BackendDoorView(ProjectDoorView):
    kind = "maker"

    def _get(self, maker_pk: int) -> SuggestionSource:
        return suggestion_selectors.get_backend(self.project, maker_pk)


class BackendView(BackendDoorView):
    def get(self, request, maker_pk):
        return Response(describe(self._get(maker_pk)))

    def patch(self, request, maker_pk):
        body = read_body(request)
        changes = {name: body[name] for name in ("url", "title", "is_interactive") if body.get(name) is not None}
        for theirs, ours in (("basic_auth_user", "username"), ("basic_auth_pass", "password")):
            if body.get(theirs) is not None:
                changes[ours] = body[theirs]
        changed = backends.change_backend(source=self._get(maker_pk), actor=request.user, changes=changes)
        return Response(describe(changed))

    def delete(self, request, maker_pk):
        suggestions.delete_source(source=self._get(maker_pk), actor=request.user)
        return Response(status=204)


class TrainView(BackendDoorView):
    def post(self, request, maker_pk):
        backends.ask(source=self._get(maker_pk), user=request.user, action="train")
        return Response({})


class PredictView(BackendDoorView):
    """``?batch_size=…`` is Label Studio's; batches are ours here."""

    def post(self, request, maker_pk):
        backends.ask(source=self._get(maker_pk), user=request.user, action="predict")
        return Response({})


class VersionsView(BackendDoorView):
    def get(self, request, maker_pk):
        return Response({"versions": suggestion_selectors.list_versions(self._get(maker_pk))})


class InteractiveView(BackendDoorView):
    """{"task": id, "context": {"result": […]}}: what a backend makes of a region that was just drawn."""

    def post(self, request, maker_pk):
        body = read_body(request)
        pk = read_id(body.get("task"), "task")
        task = external_selectors.get_task(self.project, request.user, pk, role=self.role)
        if not _waiting.acquire(blocking=False):
            return Response({"errors": ["Others wait for a backend at this moment. Ask again."]})
        try:
            job = backends.ask_about(
                source=self._get(maker_pk), user=request.user, task=task, context=body.get("context")
            )
            return Response(self._wait(job))
        finally:
            _waiting.release()

    def _wait(self, job: Job) -> dict[str, Any]:
        """Label Studio answers 200 with `errors` where the backend could not be used."""
        if not wait_until_ended(job, seconds=WAIT_SECONDS, look_seconds=LOOK_SECONDS):
            return {"errors": [f"The backend did not answer within {WAIT_SECONDS:.0f} seconds."]}
        if job.state != Job.State.SUCCEEDED:
            return {"errors": [job.error or "The backend was not asked."]}
        said = dict(job.result or {})
        return {"data": said | {"result": swap_names(get_interface(self.project), said.get("result") or [])}}


def describe(source: SuggestionSource) -> dict[str, Any]:
    job, kept = source.job, secrets.decrypt(source.secrets)
    state = STATES.get(job.state, "CO") if job else "CO"
    if state == "PR" and job is not None and job.spec.get("action") == "train":
        state = "TR"
    return {
        "id": source.pk,
        "state": state,
        "readable_state": NAMES[state],
        "is_interactive": source.is_interactive,
        "url": source.url,
        "error_message": (job.error or None) if job and state == "ER" else None,
        "title": source.title,
        "auth_method": "BASIC_AUTH" if kept else "NONE",
        "basic_auth_user": kept.get("username") or None,
        "basic_auth_pass_is_set": bool(kept.get("password")),
        "description": "",
        "extra_params": None,
        "model_version": source.version or None,
        "timeout": 100.0,
        "created_at": source.created_at,
        "updated_at": source.updated_at,
        "auto_update": True,
        "project": source.project_id,
    }
