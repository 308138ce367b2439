"""REST views of deployments: getter, one service call, serializer."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.deployments import selectors, services
from lifecycle.registry.selectors import get_version
from webapp.api.base import ProjectView
from webapp.api.deployments import serializers as shapes
from webapp.api.pagination import Pagination


class DeploymentView(ProjectView):
    """Below one deployment: `self.deployment` is loaded before the method runs."""

    def authorize(self, request, **kwargs) -> None:
        super().authorize(request, **kwargs)
        self.deployment = selectors.get_deployment(self.project, kwargs["deployment"])

    def render(self) -> Response:
        return Response(shapes.DeploymentSerializer(self.deployment).data)


class DeploymentList(ProjectView):
    @extend_schema(operation_id="deployments_list", responses=shapes.DeploymentSerializer(many=True))
    def get(self, request, slug):
        """Deployments, active ones first."""
        return self.respond_page(selectors.list_deployments(self.project), shapes.DeploymentSerializer)

    @extend_schema(request=shapes.DeploySerializer, responses={201: shapes.DeploymentSerializer})
    def post(self, request, slug):
        """Deploy a model version. It answers once `current_release.loaded_at` is set."""
        given = self.parse(shapes.DeploySerializer)
        version = get_version(self.project, given.pop("model"), given.pop("version"))
        deployment = services.create(project=self.project, user=request.user, version=version, **given)
        return Response(shapes.DeploymentSerializer(deployment).data, status=status.HTTP_201_CREATED)


class DeploymentDetail(DeploymentView):
    @extend_schema(operation_id="deployments_get", responses=shapes.DeploymentSerializer)
    def get(self, request, slug, deployment):
        """One deployment with its current release."""
        return self.render()

    @extend_schema(request=shapes.ConfigureSerializer, responses=shapes.DeploymentSerializer)
    def patch(self, request, slug, deployment):
        """Change how many requests may wait, or whether inputs are kept."""
        kept = {"max_queue": self.deployment.max_queue, "logs_inputs": self.deployment.logs_inputs}
        given = self.parse(shapes.ConfigureSerializer)
        services.configure(deployment=self.deployment, user=request.user, **{**kept, **given})
        return self.render()


class ReleaseList(DeploymentView):
    @extend_schema(operation_id="releases_list", responses=shapes.ReleaseSerializer(many=True))
    def get(self, request, slug, deployment):
        """Releases, newest first."""
        return self.respond_page(selectors.list_releases(self.deployment), shapes.ReleaseSerializer)

    @extend_schema(request=shapes.ReleaseWriteSerializer, responses={201: shapes.ReleaseSerializer})
    def post(self, request, slug, deployment):
        """Put a version of the deployment's model behind it. No request fails meanwhile."""
        given = self.parse(shapes.ReleaseWriteSerializer)
        version = get_version(self.project, self.deployment.model.name, given["version"])
        release = services.release(deployment=self.deployment, user=request.user, version=version, note=given["note"])
        return Response(shapes.ReleaseSerializer(release).data, status=status.HTTP_201_CREATED)


class Rollback(DeploymentView):
    @extend_schema(request=shapes.RollbackSerializer, responses={201: shapes.ReleaseSerializer})
    def post(self, request, slug, deployment):
        """A new release with the targets of an earlier one."""
        earlier = selectors.get_release(self.deployment, self.parse(shapes.RollbackSerializer)["release"])
        release = services.rollback(deployment=self.deployment, user=request.user, release=earlier)
        return Response(shapes.ReleaseSerializer(release).data, status=status.HTTP_201_CREATED)


class Stop(DeploymentView):
    @extend_schema(request=None, responses=shapes.DeploymentSerializer)
    def post(self, request, slug, deployment):
        """Answer no more. Stopping twice is as good as once."""
        services.stop(deployment=self.deployment, user=request.user)
        return self.render()


class Start(DeploymentView):
    @extend_schema(request=None, responses=shapes.DeploymentSerializer)
    def post(self, request, slug, deployment):
        """Answer again with the current release."""
        services.start(deployment=self.deployment, user=request.user)
        return self.render()


class KeyList(DeploymentView):
    @extend_schema(operation_id="deployment_keys_list", responses=shapes.KeySerializer(many=True))
    def get(self, request, slug, deployment):
        """Keys of this deployment; their secrets are not stored."""
        return self.respond_page(selectors.list_keys(self.deployment), shapes.KeySerializer)

    @extend_schema(request=shapes.KeyWriteSerializer, responses={201: shapes.NewKeySerializer})
    def post(self, request, slug, deployment):
        """A key that may call this deployment and nothing else; its secret is in this answer only."""
        name = self.parse(shapes.KeyWriteSerializer)["name"]
        key, secret = services.create_key(deployment=self.deployment, user=request.user, name=name)
        made = {**shapes.KeySerializer(key).data, "secret": secret}
        return Response(made, status=status.HTTP_201_CREATED)


class KeyDetail(DeploymentView):
    @extend_schema(request=None, responses={204: None})
    def delete(self, request, slug, deployment, key_id):
        """Revoke a key. It opens nothing any more within seconds."""
        services.revoke_key(key=selectors.get_key(self.deployment, key_id), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Traffic(DeploymentView):
    @extend_schema(parameters=[shapes.TrafficQuerySerializer], responses=shapes.TrafficSerializer)
    def get(self, request, slug, deployment):
        """Requests, errors, latency and what feedback says."""
        minutes = self.parse(shapes.TrafficQuerySerializer, data=request.query_params)["minutes"]
        traffic = selectors.measure_traffic(self.deployment, minutes=minutes)
        feedback = selectors.measure_feedback(self.deployment)
        found = {**asdict(traffic), "feedback_count": feedback.count, "feedback_score": feedback.score}
        return Response(shapes.TrafficSerializer(found).data)


class PredictionList(DeploymentView):
    @extend_schema(
        operation_id="predictions_list",
        parameters=[shapes.PredictionQuerySerializer],
        responses=shapes.PredictionSerializer(many=True),
    )
    def get(self, request, slug, deployment):
        """The log, newest first; an answer is in it within a second."""
        filters = selectors.PredictionFilters(**self.parse(shapes.PredictionQuerySerializer, data=request.query_params))
        paginator = Pagination()
        page = paginator.paginate_queryset(selectors.list_predictions(self.deployment, filters), request, view=self)
        said = selectors.find_feedback(self.project, [prediction.request_id for prediction in page or ()])
        rows = shapes.PredictionSerializer(page, many=True, context={"feedback": said})
        return paginator.get_paginated_response(rows.data)


class FeedbackList(ProjectView):
    @extend_schema(operation_id="feedback_list", responses=shapes.FeedbackSerializer(many=True))
    def get(self, request, slug):
        """Feedback, newest first."""
        return self.respond_page(selectors.list_feedback(self.project), shapes.FeedbackSerializer)

    @extend_schema(request=shapes.FeedbackWriteSerializer, responses={201: shapes.FeedbackKeptSerializer})
    def post(self, request, slug):
        """Keep feedback on many predictions, all or none. It joins by request id, also when it comes first."""
        rows = [services.FeedbackRow(**row) for row in self.parse(shapes.FeedbackWriteSerializer)["rows"]]
        kept = services.record_feedback_rows(project=self.project, user=request.user, rows=rows)
        return Response({"kept": kept}, status=status.HTTP_201_CREATED)
