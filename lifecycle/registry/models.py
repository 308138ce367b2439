"""Names for trained artifacts: models, numbered versions and the aliases that say which one counts."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments.models import Artifact
from lifecycle.projects.models import Project


class Model(TimestampedModel):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="models")
    name = models.SlugField(max_length=60)
    description = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="model_name_once")]

    def __str__(self) -> str:
        return self.name


class ModelVersion(TimestampedModel):
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="model_versions")
    evaluation = models.ForeignKey(
        Evaluation, on_delete=models.PROTECT, null=True, blank=True, related_name="model_versions"
    )  # the one it was registered on the strength of
    card = models.TextField(blank=True)  # Markdown
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="model_version_number_once"),
            models.UniqueConstraint(fields=["model", "artifact"], name="model_version_artifact_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model.name} v{self.number}"


class Alias(TimestampedModel):
    """``champion`` is what should be live, ``candidate`` what wants to be; moves are in the audit trail."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="aliases")
    name = models.SlugField(max_length=30)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="alias_once")]
