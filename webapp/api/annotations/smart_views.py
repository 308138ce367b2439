"""What an ML backend is asked while somebody labels, over REST: about what a smart tool drew, and about opened tasks
that it said nothing of. A worker asks; its answer is fetched later.
"""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from lifecycle.annotations import selectors
from lifecycle.annotations import suggestion_selectors as sources
from lifecycle.annotations.label_studio import swap_names
from lifecycle.annotations.queue_selectors import list_held
from lifecycle.annotations.services import backends
from lifecycle.annotations.services.opened import ask_about_opened
from lifecycle.annotations.services.quiz_gate import require_passed
from lifecycle.common.errors import Conflict
from lifecycle.jobs.models import Job
from webapp.api.base import ProjectView

MAX_PROMPTS = MAX_HELD = 200
ENDS = {Job.State.FAILED: "failed", Job.State.CANCELED: "failed", Job.State.SUCCEEDED: "answered"}


class SmartPrompt(serializers.Serializer):
    """What was drawn with the smart tool: points and boxes as regions in the project's names, the newest last."""

    result = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MAX_PROMPTS)


class SmartAsked(serializers.Serializer):
    job = serializers.IntegerField()


class SmartAnswer(serializers.Serializer):
    """Regions that the backend proposes; nobody's answer until somebody takes them."""

    state = serializers.ChoiceField(choices=["waiting", "answered", "failed"])
    result = serializers.JSONField(help_text="a Label Studio result list, in the project's own names")
    score = serializers.FloatField(allow_null=True)
    model = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)


class HeldTasks(serializers.Serializer):
    """Tasks that the caller holds; others are left out."""

    tasks = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=MAX_HELD)


class LateSuggestions(serializers.Serializer):
    """What is suggested for them by now: nothing for the share that is shown without."""

    suggestions = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()), help_text="task: [{id, result, score, model}]"
    )
    is_asked = serializers.BooleanField(help_text="a backend was asked about some of the others: look again")


class OpenedView(ProjectView):
    """Suggestions that were not there yet when tasks were handed out."""

    @extend_schema(request=HeldTasks, responses=LateSuggestions)
    def post(self, request, slug):
        """Where an ML backend is shown it is asked about those that it said nothing of, once in ten minutes."""
        require_passed(self.project, request.user, role=self.project.role)
        held = list_held(self.project, request.user, self.parse(HeldTasks)["tasks"])
        shown = sources.find_active(self.project)
        if shown is None or shown.source is None:
            return Response({"suggestions": {}, "is_asked": False})
        is_asked = ask_about_opened(source=shown.source, user=request.user, tasks=held)
        return Response({"suggestions": sources.list_shown(shown, held), "is_asked": is_asked})


class AskView(ProjectView):
    """Ask the project's interactive backend."""

    @extend_schema(request=SmartPrompt, responses={202: SmartAsked})
    def post(self, request, slug, task_id):
        """A worker asks; GET below the job's number has the answer once it is there."""
        require_passed(self.project, request.user, role=self.project.role)
        task = selectors.get_task(self.project, request.user, task_id, role=self.project.role)
        drawn = self.parse(SmartPrompt)["result"]
        source = sources.find_interactive(self.project)
        if source is None:
            raise Conflict("No ML backend of this project is asked while somebody draws.")
        context = {"result": swap_names(selectors.get_interface(self.project), drawn)}
        job = backends.ask_about(source=source, user=request.user, task=task, context=context)
        return Response({"job": job.pk}, status=status.HTTP_202_ACCEPTED)


class AnswerView(ProjectView):
    """What came of it."""

    @extend_schema(responses=SmartAnswer)
    def get(self, request, slug, task_id, job_id):
        task = selectors.get_task(self.project, request.user, task_id, role=self.project.role)
        job = sources.get_question(self.project, request.user, task, job_id)
        said = job.result or {}
        state = ENDS.get(Job.State(job.state), "waiting")
        body = {
            "state": state,
            "result": said.get("result") or [],
            "score": said.get("score"),
            "model": said.get("model_version") or "",
            "error": (job.error or "The backend was not asked.") if state == "failed" else "",
        }
        return Response(SmartAnswer(body).data)
