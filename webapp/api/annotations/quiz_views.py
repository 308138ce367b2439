"""The quiz before labelling over REST, as the labelling tool asks it. A quiz about classes or numbers is a form."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.annotations.services import quiz
from lifecycle.annotations.services.quiz_gate import is_wanted
from lifecycle.common.errors import Conflict
from webapp.api.annotations import quality_serializers as shapes
from webapp.api.annotations.operations import judge_quiz_answer
from webapp.api.annotations.payloads import build_tasks
from webapp.api.annotations.serializers import GoldFeedback
from webapp.api.annotations.views import OtherUser
from webapp.api.base import ProjectView


class QuizView(ProjectView):
    """The caller's quiz."""

    @extend_schema(responses=shapes.QuizBody)
    def get(self, request, slug):
        attempt = quiz.find_open(self.project, request.user) or quiz.find_newest(self.project, request.user)
        return Response(self._build(request.user, attempt))

    @extend_schema(request=None, responses={201: shapes.QuizBody})
    def post(self, request, slug):
        """Begin it, or go on with what was begun."""
        if not quiz.is_in_tool(self.project):
            raise Conflict("This quiz is a form: it is handed in on its page.")
        attempt = quiz.start(project=self.project, user=request.user)
        return Response(self._build(request.user, attempt), status=status.HTTP_201_CREATED)

    def _build(self, user, attempt) -> dict:
        answered = quiz.list_answered(attempt) if attempt else []
        is_asked = attempt is not None and attempt.is_passed is None
        waiting = quiz.list_open(attempt) if is_asked else []
        bodies = build_tasks(self.project, user, [*waiting, *(task for task, *_ in answered)])
        for body in bodies:
            body["suggestions"] = []  # a model's answer would be somebody else's
        done = zip(bodies[len(waiting) :], answered, strict=True)
        return {
            "is_wanted": is_wanted(self.project, user, role=self.project.role),
            "attempt": shapes.QuizAttemptBody(attempt).data if attempt else None,
            "tasks": bodies[: len(waiting)],
            "answered": [
                {"task": body, "result": question["result"], "feedback": GoldFeedback(told).data}
                for body, (_, question, told) in done
            ],
        }


class QuizAnswersView(ProjectView):
    """Answers to the questions of one attempt: each is judged at once."""

    @extend_schema(request=shapes.QuizAnswers, responses=shapes.QuizOutcomes)
    def post(self, request, slug):
        given = self.parse(shapes.QuizAnswers)
        if given["as_user"] != request.user.pk:
            raise OtherUser("Somebody else is logged in here now. Log in again as yourself: your answers are kept.")
        judged = [judge_quiz_answer(self.project, request.user, given["attempt"], one) for one in given["operations"]]
        return Response({"outcomes": judged})
