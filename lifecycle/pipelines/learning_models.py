"""Active learning of a project: its settings, and what each round measured."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.pipelines.models import PipelineRun
from lifecycle.projects.models import Project


class LearningLoop(TimestampedModel):
    """After so many new labels: commit, train, score the open tasks, rank the queue."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="learning_loop")
    is_running = models.BooleanField(default=False)
    every_labels = models.PositiveIntegerField(default=100)
    recipe = models.CharField(max_length=60, blank=True)  # empty: as retraining chooses
    parameters = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    compares = models.BooleanField(default=True)  # train a second model on the random arm's labels alone
    stopped_reason = models.CharField(max_length=300, blank=True)  # when it stopped by itself
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"active learning of project {self.project_id}"


class LearningRound(TimestampedModel):
    """One turn: a pipeline run, and a point of each curve. Both models are scored on the same items."""

    loop = models.ForeignKey(LearningLoop, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    pipeline = models.OneToOneField(PipelineRun, on_delete=models.CASCADE, related_name="learning_round")
    labels = models.BigIntegerField()  # of the project when it began
    metric = models.CharField(max_length=60, blank=True)
    train_labels = models.BigIntegerField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True)
    random_labels = models.BigIntegerField(null=True, blank=True)  # of the random arm, in the train split
    random_value = models.FloatField(null=True, blank=True)
    split = models.CharField(max_length=10, blank=True)  # both were scored on
    test_labels = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["loop", "number"], name="learning_round_once")]

    def __str__(self) -> str:
        return f"round {self.number}"
