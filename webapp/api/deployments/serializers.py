"""The shapes of deployments, releases, keys, predictions and feedback over REST."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.deployments.models import Deployment, DeploymentKey, Feedback, Prediction, Release
from lifecycle.deployments.rules import MAX_COMMENT_LENGTH, MAX_FEEDBACK_ROWS, MAX_QUEUE, MAX_TRUTH_LENGTH

LARGEST = 2**31 - 1


class TargetSerializer(serializers.Serializer):
    """One model version behind a release."""

    label = serializers.CharField()  # type: ignore[assignment]
    version = serializers.IntegerField()
    share = serializers.FloatField()
    role = serializers.CharField()


class ReleaseSerializer(serializers.ModelSerializer):
    targets = TargetSerializer(many=True)
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = Release
        fields = ["number", "targets", "note", "loaded_at", "load_error", "created_at", "created_by"]


class DeploymentSerializer(serializers.ModelSerializer):
    model = serializers.CharField(source="model.name")
    current_release = ReleaseSerializer(allow_null=True)

    class Meta:
        model = Deployment
        fields = ["slug", "model", "state", "max_queue", "logs_inputs", "current_release", "created_at"]


class DeploySerializer(serializers.Serializer):
    """What to deploy: a version of a model, at an address made from the model's name unless `slug` says another."""

    model = serializers.CharField(max_length=60)
    version = serializers.IntegerField(min_value=1, max_value=LARGEST)
    slug = serializers.CharField(required=False, default="", allow_blank=True, max_length=80)
    max_queue = serializers.IntegerField(required=False, default=256, min_value=1, max_value=MAX_QUEUE)
    logs_inputs = serializers.BooleanField(required=False, default=True)


class ConfigureSerializer(serializers.Serializer):
    max_queue = serializers.IntegerField(required=False, min_value=1, max_value=MAX_QUEUE)
    logs_inputs = serializers.BooleanField(required=False)


class ReleaseWriteSerializer(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=LARGEST)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)


class RollbackSerializer(serializers.Serializer):
    release = serializers.IntegerField(min_value=1, max_value=LARGEST)


class KeySerializer(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = DeploymentKey
        fields = ["id", "name", "prefix", "revoked_at", "created_at", "created_by"]


class KeyWriteSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100)


class NewKeySerializer(KeySerializer):
    """`secret` is in this answer only."""

    secret = serializers.CharField()

    class Meta(KeySerializer.Meta):
        fields = [*KeySerializer.Meta.fields, "secret"]


class FeedbackSerializer(serializers.ModelSerializer):
    class Meta:
        model = Feedback
        fields = ["id", "request_id", "truth", "value", "comment", "created_at"]


class FeedbackRowSerializer(serializers.Serializer):
    """What is said of one prediction; the same `idempotency_key` counts once."""

    request_id = serializers.UUIDField()
    truth = serializers.CharField(required=False, allow_null=True, default=None, max_length=MAX_TRUTH_LENGTH)
    value = serializers.FloatField(required=False, allow_null=True, default=None)
    comment = serializers.CharField(required=False, allow_blank=True, default="", max_length=MAX_COMMENT_LENGTH)
    idempotency_key = serializers.CharField(required=False, allow_null=True, default=None, max_length=120)


class FeedbackWriteSerializer(serializers.Serializer):
    rows = serializers.ListField(child=FeedbackRowSerializer(), min_length=1, max_length=MAX_FEEDBACK_ROWS)


class FeedbackKeptSerializer(serializers.Serializer):
    kept = serializers.IntegerField(help_text="How many were new.")


class PredictionSerializer(serializers.ModelSerializer):
    feedback = serializers.SerializerMethodField()

    class Meta:
        model = Prediction
        fields = [
            *("request_id", "at", "door", "status", "latency_ms", "model_version_id"),
            *("input", "features", "output", "feedback"),
        ]

    def get_feedback(self, prediction) -> dict | None:
        found = self.context["feedback"].get(prediction.request_id)
        return {"truth": found.truth, "value": found.value} if found else None


class PredictionQuerySerializer(serializers.Serializer):
    status = serializers.ChoiceField(["ok", "refused", "error"], required=False, default="")
    label = serializers.CharField(  # type: ignore[assignment]
        required=False, default="", max_length=MAX_TRUTH_LENGTH
    )
    feedback = serializers.ChoiceField(["with", "without", "wrong"], required=False, default="")
    max_confidence = serializers.FloatField(required=False, default=None)
    request_id = serializers.UUIDField(required=False, default=None)
    release = serializers.IntegerField(required=False, default=None, min_value=1, max_value=LARGEST)


class TrafficQuerySerializer(serializers.Serializer):
    minutes = serializers.IntegerField(required=False, default=60, min_value=1, max_value=24 * 60)


class TrafficSerializer(serializers.Serializer):
    minutes = serializers.IntegerField()
    requests = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="Answered 4xx.")
    errors = serializers.IntegerField(help_text="Answered 5xx.")  # type: ignore[assignment]
    p50_ms = serializers.FloatField(allow_null=True)
    p95_ms = serializers.FloatField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    feedback_count = serializers.IntegerField()
    feedback_score = serializers.FloatField(
        allow_null=True, help_text="Share of right answers, or the mean absolute error of numbers."
    )
