"""REST views of recipes, experiments and runs: getter, one service call, serializer."""

from __future__ import annotations

import math

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.experiments import selectors, services
from lifecycle.experiments.curves import read_curves
from webapp.api.base import ProjectView
from webapp.api.experiments import serializers as shapes


class RecipeList(ProjectView):
    @extend_schema(operation_id="recipes_list", responses=shapes.RecipeSerializer(many=True))
    def get(self, request, slug):
        """Recipes that fit the project's problem type, with their typed parameters."""
        recipes = selectors.list_project_recipes(self.project)
        return Response(shapes.RecipeSerializer(recipes, many=True).data)


class ExperimentList(ProjectView):
    @extend_schema(operation_id="experiments_list", responses=shapes.ExperimentSerializer(many=True))
    def get(self, request, slug):
        """Groups of runs, the latest used first."""
        return self.respond_page(selectors.list_experiments(self.project), shapes.ExperimentSerializer)

    @extend_schema(request=shapes.ExperimentWriteSerializer, responses={201: shapes.ExperimentSerializer})
    def post(self, request, slug):
        """A new group of runs."""
        given = self.parse(shapes.ExperimentWriteSerializer)
        experiment = services.create_experiment(project=self.project, user=request.user, **given)
        return Response(shapes.ExperimentSerializer(experiment).data, status=status.HTTP_201_CREATED)


class ExperimentDetail(ProjectView):
    @extend_schema(responses=shapes.ExperimentSerializer)
    def get(self, request, slug, experiment_id):
        """One group of runs."""
        return Response(shapes.ExperimentSerializer(selectors.get_experiment(self.project, experiment_id)).data)

    @extend_schema(request=shapes.ExperimentPatchSerializer, responses=shapes.ExperimentSerializer)
    def patch(self, request, slug, experiment_id):
        """Rename or describe a group of runs."""
        given = self.parse(shapes.ExperimentPatchSerializer)
        experiment = selectors.get_experiment(self.project, experiment_id)
        kept = {"name": experiment.name, "description": experiment.description}
        changed = services.update_experiment(experiment=experiment, **{**kept, **given})
        return Response(shapes.ExperimentSerializer(changed).data)


class RunList(ProjectView):
    @extend_schema(
        operation_id="runs_list",
        parameters=[shapes.RunQuerySerializer],
        responses=shapes.RunSerializer(many=True),
    )
    def get(self, request, slug):
        """Runs, filtered and sorted; `sort=-score` orders by the project's key metric, or by `metric`."""
        filters = selectors.RunFilters(**self.parse(shapes.RunQuerySerializer, data=request.query_params))
        return self.respond_page(selectors.list_runs(self.project, filters), shapes.RunSerializer)

    @extend_schema(request=shapes.RunWriteSerializer, responses={201: shapes.RunDetailSerializer})
    def post(self, request, slug):
        """Start one training; a trivial baseline is started beside it when the version has none."""
        given = self.parse(shapes.RunWriteSerializer)
        version = selectors.get_version(self.project, given.pop("dataset_version"))
        experiment_id = given.pop("experiment_id")
        experiment = selectors.get_experiment(self.project, experiment_id) if experiment_id else None
        run = services.start_run(
            project=self.project, user=request.user, dataset_version=version, experiment=experiment, **given
        )
        return Response(shapes.RunDetailSerializer(run).data, status=status.HTTP_201_CREATED)


class RunView(ProjectView):
    """A view of one run."""

    def respond(self, run) -> Response:
        context = {"artifact": selectors.find_artifact(run)}
        return Response(shapes.RunDetailSerializer(run, context=context).data)


class RunDetail(RunView):
    @extend_schema(responses=shapes.RunDetailSerializer)
    def get(self, request, slug, number):
        """One run: parameters, scores, environment, job, artifact."""
        return self.respond(selectors.get_run(self.project, number))

    @extend_schema(request=shapes.RunPatchSerializer, responses=shapes.RunDetailSerializer)
    def patch(self, request, slug, number):
        """Change a run's name, notes or experiment."""
        given = self.parse(shapes.RunPatchSerializer)
        run = selectors.get_run(self.project, number)
        experiment_id = given.pop("experiment_id", None)
        experiment = selectors.get_experiment(self.project, experiment_id) if experiment_id else None
        return self.respond(services.update_run(run=run, experiment=experiment, **given))


class RunCancel(RunView):
    @extend_schema(request=None, responses=shapes.RunDetailSerializer)
    def post(self, request, slug, number):
        """Stop a run: at once while it waits, within seconds while it trains. 409 when it has ended."""
        run = selectors.get_run(self.project, number)
        return self.respond(services.cancel_run(run=run, user=request.user))


class RunResume(RunView):
    @extend_schema(request=None, responses=shapes.RunDetailSerializer)
    def post(self, request, slug, number):
        """Queue a failed or canceled run again; it goes on from its last checkpoint. 409 otherwise."""
        run = selectors.get_run(self.project, number)
        return self.respond(services.resume_run(run=run, user=request.user))


class RunMetrics(ProjectView):
    @extend_schema(parameters=[shapes.MetricsQuerySerializer], responses=shapes.CurvesSerializer)
    def get(self, request, slug, number):
        """Curves of a run; with `since` only the points written after that cursor."""
        given = self.parse(shapes.MetricsQuerySerializer, data=request.query_params)
        run = selectors.get_run(self.project, number)
        found = read_curves([run.pk], since=given["since"])
        curves = [
            {"key": c.key, "steps": c.steps, "values": [v if math.isfinite(v) else None for v in c.values]}
            for c in found.curves
        ]
        return Response({"cursor": found.cursor, "curves": curves})
