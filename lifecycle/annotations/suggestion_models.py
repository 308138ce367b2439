"""Where suggestions come from, whether they are shown, and what came of each one that could have been."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class SuggestionSource(TimestampedModel):
    """One maker of suggestions: a model of the registry, a file, a Label Studio ML backend, or active learning."""

    class Kind(models.TextChoices):
        MODEL = "model"  # a registered model version
        FILE = "file"  # predictions that were imported
        BACKEND = "backend"  # a Label Studio ML backend
        LOOP = "loop"  # the newest model of the active learning
        CLIENT = "client"  # programs that speak Label Studio's API; theirs are the suggestions without a source

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="suggestion_sources")
    kind = models.CharField(max_length=8, choices=Kind)
    title = models.CharField(max_length=200)
    artifact_id = models.BigIntegerField(null=True, blank=True)  # experiments.Artifact: of a model, or of the loop
    version = models.CharField(max_length=200, blank=True)  # what suggestions being written now carry
    url = models.CharField(max_length=2_000, blank=True)  # of a backend
    secrets = models.TextField(blank=True)  # common.secrets: user name and password of a backend
    blob = models.CharField(max_length=64, blank=True)  # the file
    file_name = models.CharField(max_length=300, blank=True)
    train_every = models.PositiveIntegerField(default=0)  # tell a backend to train after so many labels; 0: never
    trained_at_labels = models.BigIntegerField(default=0)
    is_interactive = models.BooleanField(default=False)  # a backend that is asked while somebody draws
    webhook = models.ForeignKey(  # tells a backend of every answer
        "annotations.Webhook", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    written = models.BigIntegerField(default=0)
    unmatched = models.BigIntegerField(default=0)
    said = models.JSONField(default=list)  # sentences: what was refused, with its line
    written_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def is_told(self) -> bool:
        """Whether a backend hears of every answer."""
        return self.webhook_id is not None


class AssistanceSettings(models.Model):
    """Whether and whose suggestions a project's annotators see."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="assistance")
    source = models.ForeignKey(SuggestionSource, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    is_on = models.BooleanField(default=True)
    hidden_share = models.FloatField(default=0.2)  # of the tasks, chosen by a hash: shown without suggestions
    seed = models.IntegerField(default=0)
    counted_since = models.DateTimeField()  # older outcomes say nothing about what is shown now
    switched_off_at = models.DateTimeField(null=True, blank=True)  # by itself
    switched_off_reason = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"assistance of project {self.project_id}"


class SuggestionOutcome(models.Model):
    """One first answer to a task that had a suggestion, shown or kept back: how close, how fast.

    The suggestion itself may be replaced by a newer model's; what counts of it is copied here.
    """

    class Arm(models.TextChoices):
        SHOWN = "shown"
        HIDDEN = "hidden"

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted"
        CORRECTED = "corrected"
        REJECTED = "rejected"
        UNSEEN = "unseen"  # of the hidden arm

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="suggestion_outcomes", db_index=False)
    task = models.ForeignKey(
        "annotations.Task", on_delete=models.CASCADE, related_name="suggestion_outcomes", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    annotation = models.OneToOneField(
        "annotations.Annotation", on_delete=models.CASCADE, related_name="suggestion_outcome"
    )
    source = models.ForeignKey(SuggestionSource, on_delete=models.SET_NULL, null=True, related_name="outcomes")
    suggestion_id = models.BigIntegerField()
    model_version = models.CharField(max_length=200, blank=True)
    score = models.FloatField(null=True, blank=True)
    arm = models.CharField(max_length=6, choices=Arm)
    verdict = models.CharField(max_length=9, choices=Verdict)
    distance = models.FloatField()  # annotations.distances: 0 is the same, 1 is nothing in common
    is_agreed = models.BooleanField()
    is_correct = models.BooleanField(null=True, blank=True)  # on an item whose truth is known (gold)
    lead_time_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "user"], name="outcome_once")]
        indexes = [models.Index(fields=["project", "-id"], name="outcome_newest")]

    def __str__(self) -> str:
        return f"{self.arm} {self.verdict}"
