"""JSON of suggestions and active learning: sources, what is shown, what came of it, rounds."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.annotations.models import SuggestionOutcome, SuggestionSource
from lifecycle.annotations.services import backends
from lifecycle.pipelines.learning_models import LearningRound


class SourceBody(serializers.ModelSerializer):
    """A maker of suggestions. Its password is never served."""

    job = serializers.IntegerField(source="job_id", allow_null=True, read_only=True)
    job_state = serializers.CharField(source="job.state", default="", read_only=True)
    is_told = serializers.BooleanField(read_only=True)

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
            "is_told",
            "is_interactive",
            "written",
            "unmatched",
            "said",
            "written_at",
            "job",
            "job_state",
            "created_at",
        )


TOLD = "send a backend every answer that is given, changed or taken back, under its /webhook"
INTERACTIVE = "ask a backend about what somebody draws with a smart tool, as they draw it"


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
    is_told = serializers.BooleanField(required=False, default=False, help_text=TOLD)
    is_interactive = serializers.BooleanField(required=False, default=False, help_text=INTERACTIVE)

    def validate(self, attrs):
        if ("model_version" in attrs) == ("url" in attrs):
            raise serializers.ValidationError("Send either model_version or url.")
        return attrs


class BackendChange(serializers.Serializer):
    """Where an ML backend is, who we are there, what it hears of and when it is asked."""

    url = serializers.CharField(required=False, max_length=2_000)
    title = serializers.CharField(required=False, max_length=200)
    username = serializers.CharField(required=False, allow_blank=True, max_length=200)
    password = serializers.CharField(
        required=False, allow_blank=True, max_length=500, trim_whitespace=False, write_only=True
    )
    is_told = serializers.BooleanField(required=False, help_text=TOLD)
    is_interactive = serializers.BooleanField(required=False, help_text=INTERACTIVE)


class PredictionFile(serializers.Serializer):
    """A .csv, .tsv, .jsonl or .json file of predictions, or a .zip of YOLO or COCO."""

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
