"""Scores of one artifact on one dataset version, per class and per item, and what people decided about them."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.datasets.models import DatasetVersion
from lifecycle.experiments.models import Artifact
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class Evaluation(TimestampedModel):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluations")
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="evaluations")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="evaluations")
    split = models.CharField(max_length=10, default="test")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    metrics = models.JSONField(default=dict)
    details = models.JSONField(default=dict)  # contracts.evaluation.EvaluateResult.details
    latency_ms = models.JSONField(default=dict)
    model_bytes = models.BigIntegerField(default=0)
    item_count = models.BigIntegerField(default=0)
    items_blob = models.CharField(max_length=64, blank=True)  # Parquet of the per-item results
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["artifact", "dataset_version", "split"], name="evaluation_once")]


class ItemResult(models.Model):
    """One item's outcome in one evaluation; what a confusion-matrix cell opens."""

    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.CASCADE, related_name="item_results", db_index=False, db_constraint=False
    )
    item_id = models.BigIntegerField()  # datasets.Item; no foreign key, so bulk COPY stays cheap
    truth = models.TextField()
    predicted = models.TextField()
    confidence = models.FloatField(null=True)
    loss = models.FloatField()
    is_correct = models.BooleanField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["evaluation", "item_id"], name="item_result_once")]
        indexes = [
            models.Index(fields=["evaluation", "truth", "predicted"], name="item_result_cell"),
            models.Index(fields=["evaluation", "-loss"], name="item_result_worst"),
        ]


class EvaluationDecision(TimestampedModel):
    """A reviewer's verdict; the newest counts, all are kept."""

    class Verdict(models.TextChoices):
        APPROVED = "approved"
        REJECTED = "rejected"

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.TextField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
