"""REST views of evaluations: getter, one service call, serializer."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.common.errors import Conflict
from lifecycle.evaluations import comparison, selectors, services
from lifecycle.evaluations.rules import Outcome
from lifecycle.experiments import selectors as experiments
from webapp.api.base import ProjectView
from webapp.api.evaluations import serializers as shapes


class EvaluationView(ProjectView):
    """A view that may answer with one evaluation in full."""

    def respond(self, evaluation, code: int = status.HTTP_200_OK) -> Response:
        context = {
            "gates": selectors.list_gates(evaluation) if evaluation.finished_at else [],
            "baseline": selectors.find_baseline(evaluation),
            "decisions": list(selectors.list_decisions(evaluation)),
        }
        return Response(shapes.EvaluationDetailSerializer(evaluation, context=context).data, status=code)


class EvaluationList(EvaluationView):
    @extend_schema(
        operation_id="evaluations_list",
        parameters=[shapes.EvaluationQuerySerializer],
        responses=shapes.EvaluationSerializer(many=True),
    )
    def get(self, request, slug):
        """Evaluations, newest first."""
        filters = self.parse(shapes.EvaluationQuerySerializer, data=request.query_params)
        return self.respond_page(selectors.list_evaluations(self.project, **filters), shapes.EvaluationSerializer)

    @extend_schema(request=shapes.EvaluationWriteSerializer, responses={201: shapes.EvaluationDetailSerializer})
    def post(self, request, slug):
        """Evaluate a finished run's model on a dataset version; asking twice gives the same evaluation."""
        given = self.parse(shapes.EvaluationWriteSerializer)
        run = experiments.get_run(self.project, given["run"])
        artifact = experiments.find_artifact(run)
        if artifact is None:
            raise Conflict(f"{run} has not left a model behind yet.")
        evaluation = services.evaluate(
            project=self.project,
            user=request.user,
            artifact=artifact,
            dataset_version=experiments.get_version(self.project, given["dataset_version"]),
            split=given["split"],
            is_again=given["again"],
        )
        return self.respond(evaluation, status.HTTP_201_CREATED)


class EvaluationDetail(EvaluationView):
    @extend_schema(responses=shapes.EvaluationDetailSerializer)
    def get(self, request, slug, evaluation_id):
        """One evaluation: scores, details, gates, baseline, decisions."""
        return self.respond(selectors.get_evaluation(self.project, evaluation_id))


class EvaluationItems(ProjectView):
    @extend_schema(
        operation_id="evaluation_items_list",
        parameters=[shapes.ItemQuerySerializer],
        responses=shapes.ItemResultSerializer(many=True),
    )
    def get(self, request, slug, evaluation_id):
        """What the model answered item by item; a confusion-matrix cell is `truth` and `predicted`."""
        filters = self.parse(shapes.ItemQuerySerializer, data=request.query_params)
        evaluation = selectors.get_evaluation(self.project, evaluation_id)
        return self.respond_page(selectors.list_item_results(evaluation, **filters), shapes.ItemResultSerializer)


class EvaluationCompare(ProjectView):
    @extend_schema(parameters=[shapes.CompareQuerySerializer], responses=shapes.ComparisonSerializer)
    def get(self, request, slug):
        """Two evaluations of the same items: who fixed and who broke what."""
        given = self.parse(shapes.CompareQuerySerializer, data=request.query_params)
        first = selectors.get_evaluation(self.project, given["first"])
        second = selectors.get_evaluation(self.project, given["second"])
        comparison.check_comparable(first, second)
        outcome = Outcome(given["outcome"])
        items = comparison.list_compared(first, second, outcome, limit=given["limit"], offset=given["offset"])
        counts = {o.value: n for o, n in comparison.count_outcomes(first, second).items()}
        return Response(shapes.ComparisonSerializer({"counts": counts, "outcome": outcome, "items": items}).data)


class EvaluationDecisions(ProjectView):
    @extend_schema(operation_id="evaluation_decisions_list", responses=shapes.DecisionSerializer(many=True))
    def get(self, request, slug, evaluation_id):
        """Everything reviewers decided about an evaluation, newest first; the newest counts."""
        evaluation = selectors.get_evaluation(self.project, evaluation_id)
        return self.respond_page(selectors.list_decisions(evaluation), shapes.DecisionSerializer)

    @extend_schema(request=shapes.DecisionWriteSerializer, responses={201: shapes.DecisionSerializer})
    def post(self, request, slug, evaluation_id):
        """Approve or reject with a reason."""
        evaluation = selectors.get_evaluation(self.project, evaluation_id)
        given = self.parse(shapes.DecisionWriteSerializer)
        decision = services.decide(evaluation=evaluation, user=request.user, **given)
        return Response(shapes.DecisionSerializer(decision).data, status=status.HTTP_201_CREATED)
