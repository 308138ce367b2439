"""REST views of models and their versions: getter, one service call, serializer."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.common.errors import Conflict
from lifecycle.experiments.selectors import find_artifact, get_run
from lifecycle.registry import selectors, services
from webapp.api.base import ProjectView
from webapp.api.registry import serializers as shapes
from webapp.pages.registry.files import build_zip_response


class ModelList(ProjectView):
    @extend_schema(operation_id="models_list", responses=shapes.ModelSerializer(many=True))
    def get(self, request, slug):
        """Models with their aliases, the latest changed first."""
        return Response(shapes.ModelSerializer(selectors.list_models(self.project), many=True).data)


class ModelDetail(ProjectView):
    @extend_schema(operation_id="models_get", responses=shapes.ModelVersionSerializer(many=True))
    def get(self, request, slug, name):
        """Versions of one model, newest first."""
        model = selectors.get_model(self.project, name)
        return self.respond_page(selectors.list_versions(model), shapes.ModelVersionSerializer)


class ModelRollback(ProjectView):
    @extend_schema(request=None, responses=shapes.AliasSerializer)
    def post(self, request, slug, name):
        """Make the champion before the present one champion again."""
        alias = services.rollback(model=selectors.get_model(self.project, name), user=request.user)
        return Response(shapes.AliasSerializer(alias).data)


class VersionList(ProjectView):
    @extend_schema(operation_id="model_versions_list", responses=shapes.ModelVersionSerializer(many=True))
    def get(self, request, slug):
        """All registered versions of the project, newest first."""
        return self.respond_page(selectors.list_project_versions(self.project), shapes.ModelVersionSerializer)

    @extend_schema(request=shapes.RegisterSerializer, responses={201: shapes.ModelVersionDetailSerializer})
    def post(self, request, slug):
        """Register what a finished run left behind. Registering it again gives the same version."""
        given = self.parse(shapes.RegisterSerializer)
        run = get_run(self.project, given["run"])
        artifact = find_artifact(run)
        if artifact is None:
            raise Conflict(f"{run} has not left a model behind yet.")
        version = services.register(project=self.project, user=request.user, artifact=artifact, name=given["name"])
        return Response(shapes.ModelVersionDetailSerializer(version).data, status=status.HTTP_201_CREATED)


class VersionDetail(ProjectView):
    @extend_schema(operation_id="model_versions_get", responses=shapes.ModelVersionDetailSerializer)
    def get(self, request, slug, name, number):
        """One version with its card, manifest and files."""
        version = selectors.get_version(self.project, name, number)
        return Response(shapes.ModelVersionDetailSerializer(version).data)

    @extend_schema(request=shapes.CardSerializer, responses=shapes.ModelVersionDetailSerializer)
    def patch(self, request, slug, name, number):
        """Replace the model card."""
        version = selectors.get_version(self.project, name, number)
        card = self.parse(shapes.CardSerializer)["card"]
        changed = services.edit_card(version=version, user=request.user, card=card)
        return Response(shapes.ModelVersionDetailSerializer(changed).data)


class VersionDownload(ProjectView):
    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request, slug, name, number):
        """ONNX file, manifest and card as one zip."""
        return build_zip_response(selectors.get_version(self.project, name, number))


class VersionAlias(ProjectView):
    @extend_schema(request=None, responses=shapes.AliasSerializer)
    def put(self, request, slug, name, number, alias):
        """Point an alias, e.g. champion, at this version."""
        version = selectors.get_version(self.project, name, number)
        return Response(shapes.AliasSerializer(services.promote(version=version, user=request.user, alias=alias)).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request, slug, name, number, alias):
        """Take an alias away from this version."""
        version = selectors.get_version(self.project, name, number)
        services.remove_alias(version=version, user=request.user, alias=alias)
        return Response(status=status.HTTP_204_NO_CONTENT)
