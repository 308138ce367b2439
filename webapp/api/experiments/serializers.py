"""The shapes of recipes, experiments and runs over REST."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lifecycle.experiments.models import Artifact, Experiment, Run
from lifecycle.experiments.rules import MAX_SEED
from lifecycle.experiments.selectors import SORTS
from lifecycle.jobs.models import Job

LARGEST = 2**31 - 1


class ParameterSerializer(serializers.Serializer):
    """One typed parameter of a recipe."""

    name = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(["integer", "number", "choice", "boolean", "text"])
    default = serializers.JSONField()
    help = serializers.CharField()
    minimum = serializers.FloatField(allow_null=True)
    maximum = serializers.FloatField(allow_null=True)
    choices = serializers.ListField(child=serializers.CharField())
    unit = serializers.CharField()
    is_advanced = serializers.BooleanField()


class RecipeSerializer(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    is_baseline = serializers.BooleanField()
    parameters = ParameterSerializer(many=True)


class ExperimentSerializer(serializers.ModelSerializer):
    run_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Experiment
        fields = ["id", "name", "description", "run_count", "created_at"]
        read_only_fields = ["id", "created_at"]


class ExperimentWriteSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, allow_blank=True, default="", max_length=10_000)


class ExperimentPatchSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000)


class JobStateSerializer(serializers.ModelSerializer):
    """How far the work is; the job itself, with its log, is under jobs/."""

    class Meta:
        model = Job
        fields = ["id", "state", "progress", "message", "error", "attempt", "started_at", "finished_at"]


class RunSerializer(serializers.ModelSerializer):
    dataset_version = serializers.IntegerField(source="dataset_version.number", read_only=True)
    experiment = serializers.CharField(source="experiment.name", read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    state = serializers.SerializerMethodField()
    job = JobStateSerializer(read_only=True)

    class Meta:
        model = Run
        fields = [
            "id",
            "number",
            "name",
            "state",
            "recipe",
            "parameters",
            "seed",
            "dataset_version",
            "experiment",
            "experiment_id",
            "is_baseline",
            "metrics",
            "stopped",
            "steps",
            "seconds",
            "created_by",
            "created_at",
            "job",
        ]

    @extend_schema_field(serializers.ChoiceField(Job.State.choices, allow_null=True))
    def get_state(self, run: Run) -> str | None:
        return run.job.state if run.job else None


class ArtifactSerializer(serializers.ModelSerializer):
    class Meta:
        model = Artifact
        fields = ["id", "files", "byte_size", "content_hash", "manifest", "created_at"]


class RunDetailSerializer(RunSerializer):
    artifact = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "environment", "notes", "artifact"]

    @extend_schema_field(ArtifactSerializer(allow_null=True))
    def get_artifact(self, run: Run):
        artifact = self.context.get("artifact")
        return ArtifactSerializer(artifact).data if artifact else None


class RunWriteSerializer(serializers.Serializer):
    recipe = serializers.CharField(max_length=60)
    dataset_version = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="its number")
    parameters = serializers.DictField(required=False, default=dict, help_text="those left out get their defaults")
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED, default=0)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    experiment_id = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


class RunPatchSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=100_000)
    experiment_id = serializers.IntegerField(min_value=1, required=False)


class RunQuerySerializer(serializers.Serializer):
    state = serializers.ChoiceField(Job.State.choices, required=False, default="")
    recipe = serializers.CharField(required=False, default="", max_length=60)
    experiment = serializers.IntegerField(required=False, default=None, min_value=1, help_text="an experiment's id")
    version = serializers.IntegerField(
        required=False, default=None, min_value=1, max_value=LARGEST, help_text="a dataset version's number"
    )
    search = serializers.CharField(required=False, default="", max_length=200)
    sort = serializers.ChoiceField([s for key in SORTS for s in (key, f"-{key}")], default="-number")
    metric = serializers.CharField(required=False, default="", max_length=60, help_text="what `score` sorts by")


class MetricsQuerySerializer(serializers.Serializer):
    since = serializers.DateTimeField(required=False, default=None, help_text="the cursor of an earlier answer")


class CurveSerializer(serializers.Serializer):
    key = serializers.CharField()
    steps = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class CurvesSerializer(serializers.Serializer):
    """At most 1,000 points a curve, evenly thinned; a value that is not finite is null."""

    cursor = serializers.DateTimeField()
    curves = CurveSerializer(many=True)
