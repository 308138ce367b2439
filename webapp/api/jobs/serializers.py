"""JSON of jobs."""

from rest_framework import serializers

from lifecycle.jobs import selectors
from lifecycle.jobs.models import Job, JobAttempt, JobLog


class JobSerializer(serializers.ModelSerializer):
    project: serializers.Field = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    created_by: serializers.Field = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Job
        fields: tuple[str, ...] = (
            "id",
            "project",
            "kind",
            "queue",
            "title",
            "state",
            "progress",
            "message",
            "error",
            "attempt",
            "max_attempts",
            "worker",
            "subject_type",
            "subject_id",
            "created_by",
            "created_at",
            "started_at",
            "finished_at",
        )


class AttemptSerializer(serializers.ModelSerializer):
    class Meta:
        model = JobAttempt
        fields = ("number", "worker", "started_at", "ended_at", "outcome", "error")


class JobDetailSerializer(JobSerializer):
    attempts = AttemptSerializer(many=True, read_only=True)
    waiting_reason = serializers.SerializerMethodField(help_text="Why a queued job does not run yet.")
    remaining_seconds = serializers.SerializerMethodField(help_text="An estimate; null when nobody can tell.")

    class Meta(JobSerializer.Meta):
        fields = (*JobSerializer.Meta.fields, "result", "waiting_reason", "remaining_seconds", "attempts")
        read_only_fields = fields

    def get_waiting_reason(self, job: Job) -> str:
        return selectors.explain_waiting(job)

    def get_remaining_seconds(self, job: Job) -> float | None:
        return selectors.estimate_remaining_seconds(job)


class LogLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = JobLog
        fields = ("id", "at", "level", "text")


class JobFilterSerializer(serializers.Serializer):
    state = serializers.ChoiceField(Job.State.choices, required=False)
    kind = serializers.CharField(required=False, max_length=40)
    queue = serializers.CharField(required=False, max_length=16)
    search = serializers.CharField(required=False, max_length=200)


class LogFilterSerializer(serializers.Serializer):
    after = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**63 - 1)
    limit = serializers.IntegerField(required=False, default=500, min_value=1, max_value=5000)


class QueueSerializer(serializers.Serializer):
    queue = serializers.CharField()
    waiting = serializers.IntegerField()
    running = serializers.IntegerField()
    oldest_seconds = serializers.FloatField(allow_null=True)
    workers = serializers.ListField(child=serializers.CharField())
