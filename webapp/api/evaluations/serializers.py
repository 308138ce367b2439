"""The shapes of evaluations, their items and decisions over REST."""

from __future__ import annotations

import math

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lifecycle.evaluations.models import Evaluation, EvaluationDecision, ItemResult
from lifecycle.evaluations.rules import SPLITS, Outcome
from lifecycle.evaluations.selectors import ITEM_SORTS
from lifecycle.jobs.models import Job
from webapp.api.experiments.serializers import LARGEST, JobStateSerializer

VERDICTS = EvaluationDecision.Verdict.choices


class EvaluationSerializer(serializers.ModelSerializer):
    run = serializers.IntegerField(source="artifact.run.number", read_only=True)
    dataset_version = serializers.IntegerField(source="dataset_version.number", read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    state = serializers.SerializerMethodField()
    verdict = serializers.SerializerMethodField()

    class Meta:
        model = Evaluation
        fields = [
            "id",
            "run",
            "artifact_id",
            "dataset_version",
            "split",
            "state",
            "verdict",
            "metrics",
            "latency_ms",
            "model_bytes",
            "item_count",
            "finished_at",
            "created_by",
            "created_at",
        ]

    @extend_schema_field(serializers.ChoiceField(Job.State.choices, allow_null=True))
    def get_state(self, evaluation: Evaluation) -> str | None:
        return evaluation.job.state if evaluation.job else None

    @extend_schema_field(serializers.ChoiceField(VERDICTS, allow_null=True))
    def get_verdict(self, evaluation: Evaluation) -> str | None:
        return getattr(evaluation, "verdict", None)


class GateSerializer(serializers.Serializer):
    """One limit of the charter beside what was measured."""

    name = serializers.CharField()
    limit = serializers.FloatField()
    value = serializers.FloatField(allow_null=True)
    passed = serializers.BooleanField()
    sentence = serializers.CharField()


class DecisionSerializer(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username", read_only=True)

    class Meta:
        model = EvaluationDecision
        fields = ["id", "verdict", "reason", "created_by", "created_at"]


class EvaluationDetailSerializer(EvaluationSerializer):
    """With what the charts are drawn from, the charter's limits, the baseline's scores and the decisions."""

    job = JobStateSerializer(read_only=True)
    gates = serializers.SerializerMethodField()
    baseline_metrics = serializers.SerializerMethodField()
    decisions = serializers.SerializerMethodField()

    class Meta(EvaluationSerializer.Meta):
        fields = [*EvaluationSerializer.Meta.fields, "details", "job", "gates", "baseline_metrics", "decisions"]

    @extend_schema_field(GateSerializer(many=True))
    def get_gates(self, evaluation: Evaluation):
        return GateSerializer(self.context["gates"], many=True).data

    @extend_schema_field(serializers.DictField(child=serializers.FloatField(), allow_null=True))
    def get_baseline_metrics(self, evaluation: Evaluation):
        baseline = self.context["baseline"]
        return baseline.metrics if baseline else None

    @extend_schema_field(DecisionSerializer(many=True))
    def get_decisions(self, evaluation: Evaluation):
        return DecisionSerializer(self.context["decisions"], many=True).data

    @extend_schema_field(serializers.ChoiceField(VERDICTS, allow_null=True))
    def get_verdict(self, evaluation: Evaluation) -> str | None:
        decisions = self.context["decisions"]
        return decisions[0].verdict if decisions else None


class EvaluationWriteSerializer(serializers.Serializer):
    run = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="a finished run's number")
    dataset_version = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="its number")
    split = serializers.ChoiceField(SPLITS, default="test")
    again = serializers.BooleanField(default=False, help_text="compute a finished evaluation anew")


class EvaluationQuerySerializer(serializers.Serializer):
    state = serializers.ChoiceField(Job.State.choices, required=False, default="")
    verdict = serializers.ChoiceField(["undecided", *EvaluationDecision.Verdict.values], required=False, default="")
    run = serializers.IntegerField(required=False, default=None, min_value=1, max_value=LARGEST)


class ItemResultSerializer(serializers.ModelSerializer):
    loss = serializers.SerializerMethodField()

    class Meta:
        model = ItemResult
        fields = ["item_id", "truth", "predicted", "confidence", "loss", "is_correct"]

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_loss(self, result: ItemResult) -> float | None:
        return result.loss if math.isfinite(result.loss) else None


class ItemQuerySerializer(serializers.Serializer):
    truth = serializers.CharField(required=False, default="", max_length=1_000)
    predicted = serializers.CharField(required=False, default="", max_length=1_000)
    only = serializers.ChoiceField(["mistakes", "correct"], required=False, default="")
    low = serializers.FloatField(required=False, default=None, help_text="least true number (regression)")
    high = serializers.FloatField(required=False, default=None, help_text="largest true number (regression)")
    sort = serializers.ChoiceField(list(ITEM_SORTS), default="worst")


class CompareQuerySerializer(serializers.Serializer):
    first = serializers.IntegerField(min_value=1, help_text="an evaluation's id")
    second = serializers.IntegerField(min_value=1, help_text="an evaluation's id, on the same version and split")
    outcome = serializers.ChoiceField([o.value for o in Outcome], default=Outcome.BROKE.value)
    limit = serializers.IntegerField(min_value=1, max_value=1_000, default=100)
    offset = serializers.IntegerField(min_value=0, max_value=LARGEST, default=0)


class ComparedItemSerializer(serializers.Serializer):
    item_id = serializers.IntegerField()
    truth = serializers.CharField()
    first = serializers.CharField(help_text="what the first predicted")
    second = serializers.CharField(help_text="what the second predicted")
    first_confidence = serializers.FloatField(allow_null=True)
    second_confidence = serializers.FloatField(allow_null=True)


class OutcomeCountsSerializer(serializers.Serializer):
    fixed = serializers.IntegerField()
    broke = serializers.IntegerField()
    both_wrong = serializers.IntegerField()
    both_right = serializers.IntegerField()


class ComparisonSerializer(serializers.Serializer):
    """What the second evaluation fixed and broke against the first, item by item."""

    counts = OutcomeCountsSerializer()
    outcome = serializers.ChoiceField([o.value for o in Outcome])
    items = ComparedItemSerializer(many=True)


class DecisionWriteSerializer(serializers.Serializer):
    verdict = serializers.ChoiceField(VERDICTS)
    reason = serializers.CharField(max_length=4_000)
