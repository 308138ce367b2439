"""Projects, their charter, people, milestones, decisions and the trail of who did what."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel


class Project(TimestampedModel):
    """One machine-learning product; everything else hangs below one."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    problem_type = models.CharField(max_length=40)  # a key of contracts.problems
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    archived_at = models.DateTimeField(null=True, blank=True)
    last_activity_at = models.DateTimeField(auto_now_add=True, db_index=True)
    role: str  # of the person it was loaded for; set by selectors.get_project, no column

    def __str__(self) -> str:
        return self.name


class Membership(TimestampedModel):
    class Role(models.TextChoices):
        OWNER = "owner"
        ENGINEER = "engineer"
        REVIEWER = "reviewer"
        ANNOTATOR = "annotator"
        VIEWER = "viewer"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="membership_once")]


class Invitation(TimestampedModel):
    """A link that makes its bearer a member (of a project, or of the site when `project` is null)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    role = models.CharField(max_length=16, choices=Membership.Role, blank=True)
    email = models.EmailField(blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)


class Charter(TimestampedModel):
    """One version of a project's framing; the newest counts, the others are its history."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="charters")
    version = models.PositiveIntegerField()
    problem_statement = models.TextField()
    target_metric = models.CharField(max_length=60)
    target_threshold = models.FloatField(null=True, blank=True)
    baseline_value = models.FloatField(null=True, blank=True)
    max_latency_ms = models.FloatField(null=True, blank=True)  # p95 of a one-item prediction
    max_model_bytes = models.BigIntegerField(null=True, blank=True)
    max_cost_per_1k = models.FloatField(null=True, blank=True)
    requires_approval = models.BooleanField(default=False)  # a reviewer must approve before promotion
    stakeholders = models.JSONField(default=list)  # [{"name", "role"}]
    references = models.JSONField(default=list)  # [{"title", "metric", "value", "url"}]
    constraints_note = models.TextField(blank=True)
    change_note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="charter_version_once")]


class Stage(models.TextChoices):
    FRAME = "frame"
    COLLECT = "collect"
    EXPLORE = "explore"
    LABEL = "label"
    VERSION = "version"
    TRAIN = "train"
    EVALUATE = "evaluate"
    OPTIMIZE = "optimize"
    DEPLOY = "deploy"
    MONITOR = "monitor"


class Milestone(TimestampedModel):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="milestones")
    stage = models.CharField(max_length=16, choices=Stage)
    title = models.CharField(max_length=200)
    due_on = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["done_at", "due_on", "id"]


class Decision(TimestampedModel):
    """One entry of the decision log."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="decisions")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]


class DecisionComment(TimestampedModel):
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="comments")
    body = models.TextField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["created_at"]


class AuditEvent(models.Model):
    """Who did what, when, to which object: the audit trail and the activity feed are this one table.

    Rows are only ever added. `object_type`/`object_id` point anywhere without a foreign key, so that the
    trail outlives what it tells of.
    """

    project = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, blank=True, related_name="audit_events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150, blank=True)
    verb = models.CharField(max_length=60)  # "run.started", "model.promoted" …
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    summary = models.CharField(max_length=400)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "-id"], name="audit_project_newest")]
