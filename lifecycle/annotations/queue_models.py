"""What the queue knows besides tasks and leases: who shall answer what, gold items, what people say about tasks."""

from django.conf import settings
from django.db import models

from lifecycle.annotations.models import Annotation, Task
from lifecycle.common.models import TimestampedModel
from lifecycle.datasets.models import Dataset
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class AssignmentRule(TimestampedModel):
    """Which tasks go to which people; applied once, or also to every item that comes in later."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="assignment_rules")
    title = models.CharField(max_length=200)
    query = models.TextField(blank=True)  # datasets.filters.ItemFilters as a query string; empty means all items
    guess = models.TextField(blank=True)  # only tasks whose newest suggestion says this class
    shares = models.JSONField(default=dict)  # {user id: weight}
    people_per_task = models.PositiveSmallIntegerField(default=1)
    is_active = models.BooleanField(default=False)  # also for items that come in later
    stale_since = models.DateTimeField(null=True, blank=True)  # items came in that it has not seen
    assigned_count = models.PositiveIntegerField(default=0)
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title


class Assignment(models.Model):
    """One person shall answer one task. Tasks with as many open assignments as answers wanted go to nobody else."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="+", db_index=False)  # of the task
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    rule = models.ForeignKey(
        AssignmentRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="assignments", db_index=False
    )
    is_open = models.BooleanField(default=True)  # the person has not answered or skipped it
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "user"], name="assignment_once")]
        indexes = [
            models.Index(fields=["dataset", "user", "id"], condition=models.Q(is_open=True), name="assignment_waiting"),
            models.Index(fields=["dataset", "user", "task"], name="assignment_person"),
        ]

    def __str__(self) -> str:
        return f"task {self.task_id} for user {self.user_id}"


class GoldItem(TimestampedModel):
    """A task whose right answer is known. It is mixed into the queue of people who have not seen it."""

    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="gold")
    annotation = models.ForeignKey(Annotation, on_delete=models.PROTECT, related_name="+")  # the answer that is right
    result = models.JSONField(default=list)  # as it was when it was marked
    value = models.TextField(null=True, blank=True)
    explanation = models.TextField(blank=True)  # shown to whoever got it wrong
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"gold answer of task {self.task_id}"


class GoldAttempt(models.Model):
    """One answer to a gold item, scored when it came in, and anew when the gold answer or the rule of comparing
    changes; undone and repeated answers leave the first score."""

    gold = models.ForeignKey(GoldItem, on_delete=models.CASCADE, related_name="attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    annotation = models.OneToOneField(Annotation, on_delete=models.CASCADE, related_name="gold_attempt")
    is_right = models.BooleanField()
    score = models.FloatField()  # 0 to 1; for regions the F1 of those that agree
    rule = models.PositiveSmallIntegerField(default=1, db_default=1)  # gold_rules.RULE that it was scored by
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gold", "user"], name="gold_attempt_once")]
        indexes = [models.Index(fields=["user", "-created_at"], name="gold_attempt_user")]

    def __str__(self) -> str:
        return f"user {self.user_id} on gold item {self.gold_id}"


class TaskComment(TimestampedModel):
    """What somebody said about a task. `resolved_at` closes the matter for all who were told of it."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    body = models.TextField()
    idempotency_key = models.CharField(max_length=64, null=True, blank=True)  # of the browser that sent it
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["author", "idempotency_key"],
                condition=models.Q(idempotency_key__isnull=False),
                name="comment_key_once",
            )
        ]

    def __str__(self) -> str:
        return f"comment {self.pk}"


class Notice(models.Model):
    """One comment, or one verdict, in one person's inbox."""

    class Kind(models.TextChoices):
        MENTION = "mention"  # the comment names them
        REPLY = "reply"  # they spoke on this task before
        VERDICT = "verdict"  # an answer of theirs was rejected

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    comment = models.ForeignKey(TaskComment, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    review = models.ForeignKey(
        "annotations.Review", on_delete=models.CASCADE, null=True, blank=True, related_name="notices"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "comment"], name="notice_once"),
            models.CheckConstraint(
                condition=models.Q(comment__isnull=True) ^ models.Q(review__isnull=True), name="notice_of_one"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_newest"),
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of user {self.user_id}"
