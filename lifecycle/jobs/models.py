"""Work outside a request: the Job row is the truth, the broker's message is a wake-up."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.projects.models import Project


class Job(TimestampedModel):
    class State(models.TextChoices):
        QUEUED = "queued"  # waiting for a worker (or, with not_before in the future, for its next attempt)
        RUNNING = "running"  # claimed: a worker holds the lease
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="jobs")
    kind = models.CharField(max_length=40)  # = the Celery task's name without its "gristmill." prefix
    queue = models.CharField(max_length=16)  # io | cpu | gpu
    title = models.CharField(max_length=200)
    spec = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    subject_type = models.CharField(max_length=40, blank=True)  # what it works on, for links: "run", "collection" …
    subject_id = models.BigIntegerField(null=True, blank=True)

    fence = models.BigIntegerField(default=0)  # grows with every claim; every write of a result carries it
    attempt = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    not_before = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    progress = models.FloatField(default=0)
    message = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)  # one sentence for a person
    traceback = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=120, null=True, blank=True, unique=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "-id"], name="job_project_newest"),
            models.Index(fields=["queue", "id"], condition=models.Q(state="queued"), name="job_queued"),
            models.Index(fields=["lease_expires_at"], condition=models.Q(state="running"), name="job_running"),
            models.Index(fields=["subject_type", "subject_id"], name="job_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.title} (#{self.pk})"


class JobAttempt(models.Model):
    """One claim of a job by one worker, and how it ended."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    fence = models.BigIntegerField()
    worker = models.CharField(max_length=120)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, blank=True)  # succeeded | failed | canceled | lost | retried
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "fence"], name="attempt_once")]


class JobLog(models.Model):
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="log_lines")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, default="info")
    text = models.TextField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["job", "id"], name="joblog_job")]


class WorkerNode(models.Model):
    """A worker process that says it is alive and which queues it listens on."""

    name = models.CharField(max_length=120, unique=True)
    queues = models.JSONField(default=list)
    hostname = models.CharField(max_length=120, blank=True)
    pid = models.IntegerField(default=0)
    concurrency = models.IntegerField(default=1)
    started_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(db_index=True)
