"""What people say about items: the schema they answer in, tasks, leases and every version of every answer."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from lifecycle.annotations.label_filters import split_value
from lifecycle.common.models import TimestampedModel
from lifecycle.contracts.label_interface.values import JOINT
from lifecycle.datasets.models import Dataset, Item
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class LabelSchema(TimestampedModel):
    """One version of a project's Label Studio configuration; the newest counts."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="label_schemas")
    version = models.PositiveIntegerField()
    config = models.TextField()  # Label Studio XML
    classes = models.JSONField(default=list)  # in the order of their keys; empty for numbers
    external_config = models.TextField(blank=True)  # as it came through the Label Studio door, with names of its own
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


def default_skip_reasons() -> list[str]:
    return ["cannot tell", "no class fits", "broken or empty"]


def default_final_reasons() -> list[str]:
    return ["broken or empty"]


class QueueSettings(models.Model):
    """How a project's labelling queue behaves."""

    class Order(models.TextChoices):
        TIME = "time"  # as items came in
        RANDOM = "random"
        UNCERTAINTY = "uncertainty"  # what the model is least sure of first
        DIVERSITY = "diversity"  # what is least like anything labeled or asked before
        CLUSTER = "cluster"  # items that are alike one after the other

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="queue_settings")
    overlap = models.PositiveSmallIntegerField(default=1)  # answers wanted per task, each from another person
    lease_seconds = models.PositiveIntegerField(default=120)
    order = models.CharField(max_length=12, choices=Order, default=Order.TIME)
    random_share = models.FloatField(default=0.1)  # of all tasks, drawn when they are made: see Task.is_random
    ranked_at = models.DateTimeField(null=True, blank=True)  # when `order` was last written into priorities
    stale_since = models.DateTimeField(null=True, blank=True)  # what `order` is worked out from has changed since
    rank_job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    is_only_assigned = models.BooleanField(default=False)  # nobody gets a task that was not assigned to them
    skip_reasons = models.JSONField(default=default_skip_reasons)
    needs_skip_reason = models.BooleanField(default=False)
    skips_to_leave = models.PositiveSmallIntegerField(null=True, blank=True)  # people; null: as many as answers wanted
    final_skip_reasons = models.JSONField(default=default_final_reasons)  # one skip for these takes the item out
    gold_share = models.FloatField(default=0)  # of what an annotator is handed
    has_gold_feedback = models.BooleanField(default=True)
    hourly_rate = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    rates = models.JSONField(default=dict)  # {user id: rate per hour} where it differs
    currency = models.CharField(max_length=12, default="USD")

    def __str__(self) -> str:
        return f"queue of project {self.project_id}"


URGENT = 1.5  # priorities of the order lie between 0 and 1; what is asked for again has 2


class Task(models.Model):
    """An item waiting for labels; done once it has `overlap` answers from as many people."""

    is_discussed = True  # may have open comments; False only where that was looked up with it

    class State(models.TextChoices):
        OPEN = "open"  # wants more answers
        DONE = "done"  # has all it wanted
        SKIPPED = "skipped"  # somebody said it cannot be labeled

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="task")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    overlap = models.PositiveSmallIntegerField(default=1)
    answers = models.PositiveSmallIntegerField(default=0)  # current answers of people; imported labels are not counted
    priority = models.FloatField(default=0)  # higher first; from URGENT on ahead of everything
    is_random = models.BooleanField(default=False, db_default=False)  # in the random arm: drawn when it was made
    is_reserved = models.BooleanField(default=False, db_default=False)  # all the answers it wants are assigned
    skip_reason = models.CharField(max_length=200, blank=True)
    disagreement = models.FloatField(null=True, blank=True)  # share of pairs of current answers that differ; see due
    is_disagreement_due = models.BooleanField(default=False, db_default=False)  # only values were compared so far
    external = models.JSONField(null=True, blank=True)  # {"data", "meta"} of the door, where the item does not say it
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            # the order in which the queue hands tasks out: those nobody answered first, so that no annotator
            # has to be led past a long head of tasks that only wait for somebody else; a few of these come before
            models.Index(
                fields=["dataset", "answers", "-priority", "id"],
                condition=models.Q(state="open", is_reserved=False),
                name="task_queue",
            ),
            # those that somebody asked for ("label again"): few, so that it costs next to nothing
            models.Index(
                fields=["dataset", "-priority", "id"],
                condition=models.Q(state="open", is_reserved=False, priority__gte=1.5),
                name="task_urgent",
            ),
            models.Index(fields=["dataset", "state"], name="task_state"),
            models.Index(
                fields=["dataset", "-disagreement", "id"],
                condition=models.Q(disagreement__gt=0),
                name="task_disagreement",
            ),
            models.Index(fields=["id"], condition=models.Q(is_disagreement_due=True), name="task_disagreement_due"),
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


class QueueWait(models.Model):
    """Somebody who asked for a task when others had all of them in hand: they are asked to leave some."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="queue_wait_once")]

    def __str__(self) -> str:
        return f"user {self.user_id} waits in project {self.project_id}"


class Annotation(models.Model):
    """One version of one person's answer, in Label Studio's result format. Rows are never changed but for
    `is_current`, which moves to the newest version."""

    class Origin(models.TextChoices):
        HUMAN = "human"
        IMPORT = "import"
        FEEDBACK = "feedback"
        CONSENSUS = "consensus"  # nobody's own answer: merged out of several, see `sources`

    OWN = (Origin.HUMAN, Origin.IMPORT)  # what a person said, here or elsewhere: theirs to change

    class Kind(models.TextChoices):
        ANSWER = "answer"
        SKIP = "skip"  # "this cannot be labeled", with a reason
        GOLD = "gold"  # an answer to a gold item: scored, not counted
        WITHDRAWN = "withdrawn"  # undone; the person has no answer now
        CONSENSUS = "consensus"  # a merged result: never current, never counted as an answer

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
    external = models.JSONField(null=True, blank=True)  # what a client of the door said beside the result
    sources = models.JSONField(null=True, blank=True)  # of a consensus, as FinalLabel.sources: the answers it came from
    created_at = models.DateTimeField(auto_now_add=True)
    is_assisted = True  # in memory only: False once somebody looked and nothing is suggested in this project

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "idempotency_key"],
                condition=models.Q(idempotency_key__isnull=False),
                name="annotation_key_once",
            ),
            # an import may bring several answers of one person, or of people it does not name
            models.UniqueConstraint(
                fields=["task", "user"],
                condition=models.Q(is_current=True) & ~models.Q(origin="import"),
                name="annotation_own_current_once",
            ),
        ]
        indexes = [
            models.Index(fields=["item", "id"], name="annotation_item"),
            # what people said, by whom: an index alone counts it, however much was imported. As authors.IS_SAID
            models.Index(
                fields=["user", "task"],
                include=["kind", "created_at"],
                condition=models.Q(is_current=True)
                & (models.Q(origin="human") | models.Q(origin="import", external__has_key="author")),
                name="annotation_said",
            ),
            models.Index(fields=["task", "user"], condition=models.Q(is_current=True), name="annotation_current"),
            models.Index(fields=["user", "-created_at"], name="annotation_user_newest"),
            models.Index(fields=["value"], condition=models.Q(is_current=True), name="annotation_current_value"),
            models.Index(fields=["previous"], condition=models.Q(previous__isnull=False), name="annotation_previous"),
            models.Index(fields=["task"], condition=models.Q(is_current=True, kind="skip"), name="annotation_skip"),
            # only of answers that say several classes: those that say one are found by `value`, and cost nothing here
            GinIndex(
                split_value(),
                condition=models.Q(is_current=True, value__contains=JOINT),
                name="annotation_joined_names",
            ),
        ]

    def __str__(self) -> str:
        return f"annotation {self.pk}"


class Suggestion(models.Model):
    """A model's proposal for a task, in Label Studio's result format with this project's names."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="suggestions")
    source = models.ForeignKey(
        "annotations.SuggestionSource",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
    )  # null: a client of the Label Studio door
    model_version = models.CharField(max_length=200, blank=True)  # as its maker names it
    score = models.FloatField(null=True, blank=True)
    uncertainty = models.FloatField(null=True, blank=True)  # 0 is sure; what the queue is ordered by
    result = models.JSONField(default=list)
    value = models.TextField(null=True, blank=True)  # the class or number inside `result`; null when there is none
    external = models.JSONField(null=True, blank=True)  # what a client of the door said beside the result
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"suggestion {self.pk}"


class ExternalProject(TimestampedModel):
    """What the Label Studio door keeps of a project that has no place elsewhere, such as its color."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="external")
    settings = models.JSONField(default=dict)
    is_undecided = models.BooleanField(default=False)  # made without a configuration: its problem type may change


class LabelExport(TimestampedModel):
    """All labels of a project at one moment as a file, in Label Studio's JSON; with a parent, its conversion."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="label_exports")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="conversions")
    title = models.CharField(max_length=200, blank=True)
    layout = models.CharField(max_length=40, default="JSON")  # annotations.conversion.LAYOUTS
    only_annotated = models.BooleanField(default=False)
    only_final = models.BooleanField(default=False)  # the answer that counts in place of everybody's
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    blob = models.CharField(max_length=64, blank=True)  # empty until the job is done
    file_name = models.CharField(max_length=200, blank=True)
    byte_size = models.BigIntegerField(default=0)
    task_count = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title or f"export {self.pk}"


class Webhook(TimestampedModel):
    """An address that wants to know what happens to labels."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=2_000)
    secrets = models.TextField()  # common.secrets: the signing key, and headers such as a password of the receiver
    events = models.JSONField(default=list)  # contracts.webhooks.EVENTS; empty means all
    send_payload = models.BooleanField(default=True)  # else only the name of the event
    is_active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)  # given up one after the other
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event on its way to one address, and what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting"  # not sent yet, or to be tried again
        DELIVERED = "delivered"
        FAILED = "failed"  # given up

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    key = models.UUIDField(unique=True)  # the same in every attempt, so that a receiver can tell a repeat
    event = models.CharField(max_length=40)
    body = models.TextField()  # JSON, the very bytes that are signed
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # of the last answer
    said = models.CharField(max_length=500, blank=True)  # the beginning of the last answer, or why there is none
    created_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="delivery_newest"),
            models.Index(fields=["webhook", "id"], condition=models.Q(state="waiting"), name="delivery_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"


from lifecycle.annotations.quality_models import (  # noqa: E402 — they refer to the models above
    AgreementReport,
    ConsensusRun,
    FinalLabel,
    QualitySettings,
    QuizAttempt,
    Review,
)
from lifecycle.annotations.queue_models import (  # noqa: E402
    Assignment,
    AssignmentRule,
    GoldAttempt,
    GoldItem,
    Notice,
    TaskComment,
)
from lifecycle.annotations.suggestion_models import (  # noqa: E402
    AssistanceSettings,
    SuggestionOutcome,
    SuggestionSource,
)

__all__ = [
    "AgreementReport",
    "Annotation",
    "Assignment",
    "AssignmentRule",
    "AssistanceSettings",
    "ConsensusRun",
    "ExternalProject",
    "FinalLabel",
    "GoldAttempt",
    "GoldItem",
    "GuideVersion",
    "LabelExport",
    "LabelSchema",
    "Lease",
    "Notice",
    "QualitySettings",
    "QueueSettings",
    "QuizAttempt",
    "Review",
    "Suggestion",
    "SuggestionOutcome",
    "SuggestionSource",
    "Task",
    "TaskComment",
    "Webhook",
    "WebhookDelivery",
]
