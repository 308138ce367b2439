"""REST of suggestions and active learning: sources, what is shown, do they help, rounds."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from lifecycle.annotations import suggestion_selectors as selectors
from lifecycle.annotations.models import SuggestionOutcome, SuggestionSource
from lifecycle.annotations.services import backends, suggestions
from lifecycle.annotations.services.prediction_files import import_file
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.pipelines import assistance, learning, learning_selectors
from lifecycle.pipelines.learning_models import LearningRound
from lifecycle.registry.selectors import list_project_versions
from webapp.api.base import ProjectView
from webapp.pages.pipelines.assistance import ask_again, on_disk


class SourceBody(serializers.ModelSerializer):
    """A maker of suggestions. Its password is never served."""

    job = serializers.IntegerField(source="job_id", allow_null=True, read_only=True)
    job_state = serializers.CharField(source="job.state", default="", read_only=True)

    class Meta:
        model = SuggestionSource
        fields = (
            "id",
            "kind",
            "title",
            "version",
            "url",
            "file_name",
            "train_every",
            "written",
            "unmatched",
            "said",
            "written_at",
            "job",
            "job_state",
            "created_at",
        )


class NewSource(serializers.Serializer):
    """Either `model_version` (an id of the registry) or `url` of an ML backend."""

    model_version = serializers.IntegerField(required=False, min_value=1)
    url = serializers.CharField(required=False, max_length=2_000)
    title = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    username = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    password = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=500, trim_whitespace=False, write_only=True
    )
    train_every = serializers.IntegerField(required=False, default=0, min_value=0)

    def validate(self, attrs):
        if ("model_version" in attrs) == ("url" in attrs):
            raise serializers.ValidationError("Send either model_version or url.")
        return attrs


class PredictionFile(serializers.Serializer):
    """A .csv, .tsv, .jsonl or .json file of predictions."""

    file = serializers.FileField()
    title = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class Question(serializers.Serializer):
    action = serializers.ChoiceField(choices=backends.ACTIONS, default="predict")


class AssistanceBody(serializers.Serializer):
    is_on = serializers.BooleanField()
    source = serializers.IntegerField(source="source_id", allow_null=True)  # type: ignore[assignment]  # a field
    hidden_share = serializers.FloatField()
    counted_since = serializers.DateTimeField(allow_null=True)
    switched_off_at = serializers.DateTimeField(allow_null=True)
    switched_off_reason = serializers.CharField(allow_blank=True)


class AssistanceChange(serializers.Serializer):
    is_on = serializers.BooleanField(required=False, default=None, allow_null=True)
    source = serializers.IntegerField(  # type: ignore[assignment]  # a field, not DRF's attribute
        required=False, default=None, allow_null=True
    )
    hidden_share = serializers.FloatField(required=False, default=None, allow_null=True)


class OutcomeBody(serializers.ModelSerializer):
    """What came of one suggestion, shown or kept back."""

    user = serializers.CharField(source="user.username")

    class Meta:
        model = SuggestionOutcome
        fields = (
            "task_id",
            "annotation_id",
            "user",
            "suggestion_id",
            "model_version",
            "score",
            "arm",
            "verdict",
            "distance",
            "is_agreed",
            "is_correct",
            "lead_time_ms",
            "created_at",
        )


class EstimateBody(serializers.Serializer):
    """A number with its 95 % confidence interval."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()


class ReportBody(serializers.Serializer):
    """The two arms. `ratio`: seconds with over without (Welch on logarithms); `bias`, `gold`: shown minus hidden
    (Newcombe); shares by Wilson; distances by bootstrap."""

    shown = serializers.IntegerField()
    hidden = serializers.IntegerField()
    seconds_shown = EstimateBody()
    seconds_hidden = EstimateBody()
    ratio = EstimateBody()
    acceptance = EstimateBody()
    distance_shown = EstimateBody()
    distance_hidden = EstimateBody()
    agreement_shown = EstimateBody()
    agreement_hidden = EstimateBody()
    bias = EstimateBody()
    gold_shown = EstimateBody()
    gold_hidden = EstimateBody()
    gold = EstimateBody()


class RoundBody(serializers.ModelSerializer):
    pipeline = serializers.IntegerField(source="pipeline.number")
    state = serializers.CharField(source="pipeline.state")

    class Meta:
        model = LearningRound
        fields = (
            "number",
            "pipeline",
            "state",
            "labels",
            "metric",
            "train_labels",
            "value",
            "random_labels",
            "random_value",
            "split",
            "test_labels",
            "created_at",
        )


class LoopBody(serializers.Serializer):
    is_running = serializers.BooleanField()
    every_labels = serializers.IntegerField()
    recipe = serializers.CharField(allow_blank=True)
    parameters = serializers.DictField()
    compares = serializers.BooleanField()
    stopped_reason = serializers.CharField(allow_blank=True)
    new_labels = serializers.IntegerField()


class LoopChange(serializers.Serializer):
    is_running = serializers.BooleanField(required=False, default=None, allow_null=True)
    every_labels = serializers.IntegerField(required=False, default=None, allow_null=True)
    recipe = serializers.CharField(required=False, default=None, allow_null=True, allow_blank=True, max_length=60)
    parameters = serializers.DictField(required=False, default=None, allow_null=True)
    compares = serializers.BooleanField(required=False, default=None, allow_null=True)


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
