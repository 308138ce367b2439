"""The comparison of live traffic with the reference, and what was raised because of it."""

from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.deployments.models import Deployment


class DriftReport(TimestampedModel):
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="drift_reports")
    model_version_id = models.BigIntegerField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    prediction_count = models.PositiveIntegerField()
    features = models.JSONField(default=list)  # [{"name", "side": input|output, "kind", "psi", "ks", "p_value", …}]
    worst_psi = models.FloatField(null=True)

    class Meta:
        ordering = ["-id"]


class Alert(TimestampedModel):
    class Level(models.TextChoices):
        WARNING = "warning"
        CRITICAL = "critical"

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=30)  # drift | errors | latency
    level = models.CharField(max_length=10, choices=Level)
    summary = models.CharField(max_length=300)
    details = models.JSONField(default=dict)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
