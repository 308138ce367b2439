"""Endpoints, what is behind them, what they answered and what turned out to be true.

The serving process reads `Deployment`, `Release`, `DeploymentKey` (and accounts.ApiToken) and writes `Prediction`
by SQL; workers/serving/store.py is the only other file that knows these tables, held by a contract test.
"""

import uuid

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.projects.models import Project
from lifecycle.registry.models import Model


class Deployment(TimestampedModel):
    """One endpoint: ``POST /v1/<slug>/predict`` and ``/v2/models/<slug>/infer`` at the serving port."""

    class State(models.TextChoices):
        ACTIVE = "active"
        STOPPED = "stopped"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deployments")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="deployments")
    slug = models.SlugField(max_length=80, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    current_release = models.ForeignKey("Release", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    max_queue = models.PositiveIntegerField(default=256)  # requests waiting before 429
    logs_inputs = models.BooleanField(default=True)  # keep the raw input with each prediction
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.slug


class Release(TimestampedModel):
    """The model version(s) behind a deployment from one moment on. `targets` is denormalized for the serving
    process: [{"model_version_id", "label": "name v3", "share": 1.0, "role": "live", "files": {name: blob},
    "artifact_hash"}]."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    targets = models.JSONField(default=list)
    note = models.CharField(max_length=300, blank=True)
    loaded_at = models.DateTimeField(null=True, blank=True)  # set by serving once it answers with it
    load_error = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["deployment", "number"], name="release_number_once")]


class DeploymentKey(TimestampedModel):
    """A secret that may call one deployment and nothing else."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")


class Prediction(models.Model):
    """One logged answer. Written in bulk by the serving process."""

    request_id = models.UUIDField(default=uuid.uuid4, unique=True)
    deployment = models.ForeignKey(
        Deployment, on_delete=models.CASCADE, related_name="predictions", db_constraint=False
    )
    release_id = models.BigIntegerField()
    model_version_id = models.BigIntegerField()
    at = models.DateTimeField()
    door = models.CharField(max_length=8)  # v1 | v2
    status = models.PositiveSmallIntegerField(default=200)
    latency_ms = models.FloatField()
    input = models.JSONField(null=True)  # {"text": …}, {"row": …} or {"image": blob}
    features = models.JSONField(default=dict)  # Predictor.describe(): numbers and categories for monitoring
    output = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["deployment", "-at"], name="prediction_newest")]


class Feedback(TimestampedModel):
    """The truth, or a business value, that arrives later for one prediction; joins by request id."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="feedback")
    request_id = models.UUIDField(db_index=True)
    truth = models.TextField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True)
    comment = models.CharField(max_length=500, blank=True)
    idempotency_key = models.CharField(max_length=120, null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "idempotency_key"], name="feedback_key_once")]
