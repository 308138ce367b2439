"""Training: experiments, runs, their metrics, checkpoints and the artifact each leaves behind."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.datasets.models import DatasetVersion
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class Experiment(TimestampedModel):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="experiment_name_once")]


class Run(TimestampedModel):
    """One training. Its state is its job's state; what it found stands here."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="runs")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()  # within the project
    name = models.CharField(max_length=120, blank=True)
    recipe = models.CharField(max_length=60)
    parameters = models.JSONField(default=dict)
    seed = models.BigIntegerField(default=0)
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="runs")
    is_baseline = models.BooleanField(default=False)
    subset_blob = models.CharField(max_length=64, blank=True)  # Parquet of the item ids it learns from; empty: all
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    metrics = models.JSONField(default=dict)  # final scores on the validation split
    environment = models.JSONField(default=dict)  # library versions, hardware, git commit, device
    stopped = models.CharField(max_length=20, blank=True)  # completed | early_stopped
    steps = models.BigIntegerField(default=0)
    seconds = models.FloatField(null=True, blank=True)
    notes = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="run_number_once")]
        indexes = [models.Index(fields=["dataset_version", "is_baseline"], name="run_version_baseline")]

    def __str__(self) -> str:
        return self.name or f"Run {self.number}"


class Metric(models.Model):
    """One score of one run at one step; the same step written again (a resumed run) overwrites.

    The database does not check `run` (a third of the writing time): only the run's own fenced job writes here.
    """

    pk = models.CompositePrimaryKey("run_id", "key", "step")  # its one index; bulk writes pay for no other
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="metric_points", db_index=False, db_constraint=False
    )
    key = models.CharField(max_length=120)
    step = models.BigIntegerField()
    value = models.FloatField()
    at = models.DateTimeField()  # when it was written, by the database's clock


class Checkpoint(models.Model):
    """A complete state a killed run continues from; files are blobs."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="checkpoints")
    step = models.BigIntegerField()
    files = models.JSONField(default=dict)  # {file name: blob}
    byte_size = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-step"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="checkpoint_step_once")]


class Artifact(TimestampedModel):
    """What a run leaves behind: ONNX file and manifest (contracts.manifest), as blobs."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="artifacts")
    manifest = models.JSONField(default=dict)
    files = models.JSONField(default=dict)  # {"manifest.json": blob, "model.onnx": blob, …}
    byte_size = models.BigIntegerField(default=0)
    content_hash = models.CharField(max_length=64, db_index=True)  # over the files' names and hashes
