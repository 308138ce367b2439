"""JSON of pipeline runs."""

from rest_framework import serializers

from lifecycle.pipelines.models import PipelineRun


class StepSerializer(serializers.Serializer):
    name = serializers.CharField(source="step.name")
    title = serializers.CharField()
    state = serializers.CharField(source="step.state")
    job = serializers.IntegerField(source="step.job_id", allow_null=True)
    run = serializers.IntegerField(source="run_number", allow_null=True)
    evaluation = serializers.IntegerField(source="evaluation_id", allow_null=True)
    reasons = serializers.ListField(source="step.reasons", child=serializers.CharField())
    started_at = serializers.DateTimeField(source="step.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="step.finished_at", allow_null=True)


class PipelineSerializer(serializers.ModelSerializer):
    created_by: serializers.Field = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = PipelineRun
        fields: tuple[str, ...] = (
            "number",
            "trigger",
            "spec",
            "state",
            "outcome",
            "created_by",
            "created_at",
            "finished_at",
        )


class PipelineDetailSerializer(PipelineSerializer):
    steps = StepSerializer(many=True, source="step_views")

    class Meta(PipelineSerializer.Meta):
        fields = (*PipelineSerializer.Meta.fields, "steps")


class RetrainSerializer(serializers.Serializer):
    recipe = serializers.CharField(required=False, default="", allow_blank=True, max_length=60)
    parameters = serializers.DictField(required=False, default=dict)
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)
    message = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    promote = serializers.BooleanField(required=False, default=True)
    release = serializers.BooleanField(required=False, default=True)
