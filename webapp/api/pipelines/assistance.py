"""REST of suggestions and active learning: sources, what is shown, do they help, rounds."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.services import backends, suggestions
from lifecycle.annotations.services.prediction_files import import_file
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.pipelines import assistance, learning, learning_selectors
from lifecycle.registry.selectors import list_project_versions
from webapp.api.base import ProjectView
from webapp.api.pipelines.assistance_serializers import (
    AssistanceBody,
    AssistanceChange,
    BackendChange,
    LoopBody,
    LoopChange,
    NewSource,
    OutcomeBody,
    PredictionFile,
    Question,
    ReportBody,
    RoundBody,
    SourceBody,
)
from webapp.pages.pipelines.assistance import ask_again, on_disk


class SourcesView(ProjectView):
    @extend_schema(operation_id="suggestion_sources_list", responses=SourceBody(many=True))
    def get(self, request, slug):
        """Where suggestions come from, newest first."""
        return self.respond_page(selectors.list_sources(self.project), SourceBody)

    @extend_schema(operation_id="suggestion_sources_add", request=NewSource, responses={201: SourceBody})
    def post(self, request, slug):
        """Add a registered model version or an ML backend; it is asked about every open task."""
        wanted = self.parse(NewSource)
        if "url" in wanted:
            source = backends.add_backend(project=self.project, actor=request.user, **wanted)
        else:
            version = list_project_versions(self.project).filter(pk=wanted["model_version"]).first()
            if version is None:
                raise NotFound("There is no such model version in this project.")
            source = assistance.add_model(project=self.project, user=request.user, version=version)
        return Response(SourceBody(source).data, status=201)


class PredictionFileView(ProjectView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="suggestion_sources_import",
        request={"multipart/form-data": PredictionFile},
        responses={201: SourceBody},
    )
    def post(self, request, slug):
        """Import a file of predictions; rows are matched by item, task, source or content."""
        wanted = self.parse(PredictionFile)
        with on_disk(wanted["file"]) as path:
            source = import_file(
                project=self.project,
                actor=request.user,
                path=path,
                file_name=wanted["file"].name,
                title=wanted["title"],
            )
        return Response(SourceBody(source).data, status=201)


class SourceView(ProjectView):
    @extend_schema(operation_id="suggestion_sources_get", responses=SourceBody)
    def get(self, request, slug, maker_id):
        """One source with the state of its last job."""
        return Response(SourceBody(selectors.get_source(self.project, maker_id)).data)

    @extend_schema(operation_id="suggestion_sources_ask", request=Question, responses=SourceBody)
    def post(self, request, slug, maker_id):
        """Ask it again about the open tasks, or a backend to train."""
        source = selectors.get_source(self.project, maker_id)
        ask_again(source, request.user, self.parse(Question)["action"])
        return Response(SourceBody(source).data)

    @extend_schema(operation_id="suggestion_sources_change", request=BackendChange, responses=SourceBody)
    def patch(self, request, slug, maker_id):
        """Change an ML backend; fields that are not sent stay as they are."""
        source, changes = selectors.get_backend(self.project, maker_id), self.parse(BackendChange)
        changed = backends.change_backend(source=source, actor=request.user, changes=changes)
        return Response(SourceBody(changed).data)

    @extend_schema(operation_id="suggestion_sources_delete", responses={204: None})
    def delete(self, request, slug, maker_id):
        """Delete it with all it suggested; what came of its suggestions stays in the report."""
        suggestions.delete_source(source=selectors.get_source(self.project, maker_id), actor=request.user)
        return Response(status=204)


class AssistanceView(ProjectView):
    @extend_schema(operation_id="assistance_get", responses=AssistanceBody)
    def get(self, request, slug):
        """Whose suggestions are shown, and to which share of the tasks not."""
        return Response(_describe(self.project))

    @extend_schema(operation_id="assistance_change", request=AssistanceChange, responses=AssistanceBody)
    def put(self, request, slug):
        """Choose the source, the share without suggestions, and whether they are shown."""
        wanted = self.parse(AssistanceChange)
        maker = wanted.pop("source")
        source = selectors.get_source(self.project, maker) if maker else None
        suggestions.change_assistance(project=self.project, actor=request.user, source=source, **wanted)
        return Response(_describe(self.project))


class ReportView(ProjectView):
    @extend_schema(operation_id="assistance_report", responses=ReportBody)
    def get(self, request, slug):
        """Do suggestions help? Both arms with confidence intervals, since the comparison began."""
        settings = selectors.find_assistance(self.project)
        if settings is None:
            raise DomainError("Nothing was suggested in this project yet.")
        return Response(ReportBody(asdict(selectors.report(self.project, settings))).data)


class OutcomesView(ProjectView):
    @extend_schema(operation_id="assistance_outcomes", responses=OutcomeBody(many=True))
    def get(self, request, slug):
        """What came of every suggestion, newest first."""
        return self.respond_page(selectors.list_outcomes(self.project), OutcomeBody)


class LoopView(ProjectView):
    @extend_schema(operation_id="active_learning_get", responses=LoopBody)
    def get(self, request, slug):
        """Settings of the active learning, and how far the next round is."""
        return Response(_describe_loop(self.project))

    @extend_schema(operation_id="active_learning_change", request=LoopChange, responses=LoopBody)
    def put(self, request, slug):
        """Change the settings; `is_running` starts or stops it."""
        wanted = self.parse(LoopChange)
        is_running = wanted.pop("is_running")
        loop = learning.change_settings(project=self.project, user=request.user, **wanted)
        if is_running is not None and is_running != loop.is_running:
            act = learning.start if is_running else learning.stop
            act(project=self.project, user=request.user)
        return Response(_describe_loop(self.project))


class RoundsView(ProjectView):
    @extend_schema(operation_id="active_learning_rounds", responses=RoundBody(many=True))
    def get(self, request, slug):
        """Rounds, newest first: points of both curves."""
        return self.respond_page(learning_selectors.list_rounds(self.project), RoundBody)

    @extend_schema(operation_id="active_learning_turn", request=None, responses={201: RoundBody})
    def post(self, request, slug):
        """Begin a round now, however many labels are new."""
        loop = learning.change_settings(project=self.project, user=request.user)
        return Response(RoundBody(learning.start_round(loop=loop, user=request.user)).data, status=201)


def _describe(project) -> dict:
    settings = selectors.find_assistance(project)
    if settings is None:
        nothing = {"is_on": False, "source": None, "hidden_share": 0.2, "counted_since": None}
        return nothing | {"switched_off_at": None, "switched_off_reason": ""}
    return AssistanceBody(settings).data


def _describe_loop(project) -> dict:
    loop, rounds = learning_selectors.find_loop(project), learning_selectors.list_rounds(project)
    loop.new_labels = learning_selectors.count_new_labels(project, rounds)  # type: ignore[attr-defined]
    return LoopBody(loop).data
