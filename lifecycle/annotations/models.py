"""What people say about items: the schema they answer in, tasks, leases and every version of every answer."""

from django.conf import settings
from django.db import models

from lifecycle.common.models import TimestampedModel
from lifecycle.datasets.models import Dataset, Item
from lifecycle.projects.models import Project


class LabelSchema(TimestampedModel):
    """One version of a project's Label Studio configuration; the newest counts."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="label_schemas")
    version = models.PositiveIntegerField()
    config = models.TextField()  # Label Studio XML
    classes = models.JSONField(default=list)  # in the order of their keys; empty for numbers
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="schema_version_once")]

    def __str__(self) -> str:
        return f"schema {self.version}"


class GuideVersion(TimestampedModel):
    """One version of the labelling guide, in Markdown; stamped on each annotation."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="guides")
    version = models.PositiveIntegerField()
    body = models.TextField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="guide_version_once")]

    def __str__(self) -> str:
        return f"guide {self.version}"


class QueueSettings(models.Model):
    """How a project's labelling queue behaves."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="queue_settings")
    overlap = models.PositiveSmallIntegerField(default=1)  # answers wanted per task, each from another person
    lease_seconds = models.PositiveIntegerField(default=120)

    def __str__(self) -> str:
        return f"queue of project {self.project_id}"


class Task(models.Model):
    """An item waiting for labels; done once it has `overlap` answers from as many people."""

    class State(models.TextChoices):
        OPEN = "open"  # wants more answers
        DONE = "done"  # has all it wanted
        SKIPPED = "skipped"  # somebody said it cannot be labeled

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="task")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    overlap = models.PositiveSmallIntegerField(default=1)
    answers = models.PositiveSmallIntegerField(default=0)  # current answers of people; imported labels are not counted
    priority = models.FloatField(default=0)  # higher first
    skip_reason = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            # the order in which the queue hands tasks out: those nobody answered first, so that no annotator
            # has to be led past a long head of tasks that only wait for somebody else
            models.Index(
                fields=["dataset", "answers", "-priority", "id"], condition=models.Q(state="open"), name="task_queue"
            ),
            models.Index(fields=["dataset", "state"], name="task_state"),
        ]

    def __str__(self) -> str:
        return f"task {self.pk}"


class Lease(models.Model):
    """The short, renewable right of one annotator to work on one task.

    An expired or released lease stays for a while: it is what lets a late answer of its holder in.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="leases")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "user"], name="lease_once")]
        indexes = [models.Index(fields=["user", "expires_at"], name="lease_user")]

    def __str__(self) -> str:
        return f"lease of task {self.task_id} by user {self.user_id}"


class Annotation(models.Model):
    """One version of one person's answer, in Label Studio's result format. Rows are never changed but for
    `is_current`, which moves to the newest version."""

    class Origin(models.TextChoices):
        HUMAN = "human"
        IMPORT = "import"
        FEEDBACK = "feedback"

    class Kind(models.TextChoices):
        ANSWER = "answer"
        SKIP = "skip"  # "this cannot be labeled", with a reason
        WITHDRAWN = "withdrawn"  # undone; the person has no answer now

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="annotations")
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="annotations", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="annotations", db_index=False
    )
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.HUMAN)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ANSWER)
    result = models.JSONField(default=list)  # Label Studio result list; [] for a skip or a withdrawn answer
    value = models.TextField(null=True, blank=True)  # the class name or number inside `result`; null when there is none
    reason = models.CharField(max_length=200, blank=True)  # why it was skipped
    previous = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    is_current = models.BooleanField(default=True)
    schema_version = models.PositiveIntegerField(default=1)
    guide_version = models.PositiveIntegerField(null=True, blank=True)
    lead_time_ms = models.PositiveIntegerField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "idempotency_key"],
                condition=models.Q(idempotency_key__isnull=False),
                name="annotation_key_once",
            ),
            models.UniqueConstraint(
                fields=["task", "user"], condition=models.Q(is_current=True), name="annotation_current_once"
            ),
        ]
        indexes = [
            models.Index(fields=["item", "id"], name="annotation_item"),
            models.Index(fields=["user", "-created_at"], name="annotation_user_newest"),
            models.Index(fields=["value"], condition=models.Q(is_current=True), name="annotation_current_value"),
            models.Index(fields=["previous"], condition=models.Q(previous__isnull=False), name="annotation_previous"),
        ]

    def __str__(self) -> str:
        return f"annotation {self.pk}"
