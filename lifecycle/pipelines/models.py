"""Trigger → steps → gates, run without a person."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class PipelineRun(TimestampedModel):
    """One way round the loop: version → train → evaluate → gate → promote."""

    class State(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"  # promoted, or ended as a candidate: see `outcome`
        FAILED = "failed"
        CANCELED = "canceled"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="pipeline_runs")
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=20, default="manual")
    spec = models.JSONField(default=dict)  # {"recipe", "parameters", "promote": bool, "deploy": bool}
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    outcome = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="pipeline_number_once")]


class PipelineStep(TimestampedModel):
    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        SKIPPED = "skipped"

    pipeline_run = models.ForeignKey(PipelineRun, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=30)  # version | train | evaluate | gate | register | promote
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    reasons = models.JSONField(default=list)  # sentences
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["pipeline_run", "position"], name="step_position_once")]


from lifecycle.pipelines.learning_models import LearningLoop, LearningRound  # noqa: E402

__all__ = ["LearningLoop", "LearningRound", "PipelineRun", "PipelineStep"]
