"""REST of pipelines: retrain, look, cancel."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from lifecycle.pipelines import selectors, services
from webapp.api.base import ProjectView
from webapp.api.pipelines.serializers import PipelineDetailSerializer, PipelineSerializer, RetrainSerializer


def _render(pipeline) -> dict:
    pipeline.step_views = selectors.list_steps(pipeline)
    return PipelineDetailSerializer(pipeline).data


class Pipelines(ProjectView):
    @extend_schema(operation_id="pipelines_list", responses=PipelineSerializer(many=True))
    def get(self, request, slug):
        """Pipeline runs, newest first."""
        return self.respond_page(selectors.list_pipelines(self.project), PipelineSerializer)

    @extend_schema(operation_id="pipelines_start", request=RetrainSerializer, responses={201: PipelineDetailSerializer})
    def post(self, request, slug):
        """Retrain: version → train → evaluate → gate → promote → release."""
        wanted = self.parse(RetrainSerializer)
        pipeline = services.start(project=self.project, user=request.user, trigger="api", **wanted)
        return Response(_render(pipeline), status=201)


class PipelineDetail(ProjectView):
    @extend_schema(operation_id="pipelines_get", responses=PipelineDetailSerializer)
    def get(self, request, slug, number):
        """One pipeline run with its steps and their reasons."""
        return Response(_render(selectors.get_pipeline(self.project, number)))


class PipelineCancel(ProjectView):
    @extend_schema(operation_id="pipelines_cancel", request=None, responses=PipelineDetailSerializer)
    def post(self, request, slug, number):
        """Stop a running pipeline and the job it waits for."""
        pipeline = selectors.get_pipeline(self.project, number)
        return Response(_render(services.cancel(pipeline=pipeline, user=request.user)))
