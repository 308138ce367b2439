"""What is known of how good labels are: reviews, agreement, consensus, quizzes, and a project's rules for them."""

from django.conf import settings
from django.db import models

from lifecycle.annotations.models import Annotation, Task
from lifecycle.common.models import TimestampedModel
from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project


class QualitySettings(models.Model):
    """How a project looks after the quality of its labels."""

    class ReturnTo(models.TextChoices):
        SAME = "same", "the person who gave it"
        OTHER = "other", "somebody else"

    class Method(models.TextChoices):
        MAJORITY = "majority", "Majority"
        DAWID_SKENE = "dawid_skene", "Dawid-Skene"

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="quality_settings")
    review_share = models.FloatField(default=0.1)  # of all answers, drawn at random; 0 to 1
    return_to = models.CharField(max_length=8, choices=ReturnTo, default=ReturnTo.SAME)  # who redoes a rejected answer
    consensus_method = models.CharField(max_length=12, choices=Method, default=Method.MAJORITY)
    min_posterior = models.FloatField(default=0.8)  # a final label below it goes to review
    quiz_questions = models.PositiveSmallIntegerField(default=0)  # 0: nobody has to pass a quiz
    quiz_pass_share = models.FloatField(default=0.8)  # of the questions answered as the gold items say
    quiz_each_guide = models.BooleanField(default=False)  # a new version of the guide asks for a new quiz

    def __str__(self) -> str:
        return f"quality of project {self.project_id}"


class Review(models.Model):
    """A verdict on one version of one answer. Rows are never changed: a second look is a second row, and one that is
    taken back is gone, but for the project's history."""

    class Verdict(models.TextChoices):
        ACCEPTED = "accepted"
        FIXED = "fixed"  # the reviewer wrote a better one, `fixed_by`
        REJECTED = "rejected"  # back to the queue, with a reason

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="reviews", db_index=False)
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="reviews")
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )  # whose answer it is
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    verdict = models.CharField(max_length=8, choices=Verdict)
    reason = models.CharField(max_length=500, blank=True)
    return_to = models.CharField(max_length=8, blank=True)  # of a rejection: whom it was sent to
    fixed_by = models.ForeignKey(
        Annotation, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "annotator", "-id"], name="review_annotator_newest"),
            models.Index(fields=["task"], name="review_task"),
            models.Index(fields=["fixed_by"], condition=models.Q(fixed_by__isnull=False), name="review_fixed_by"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict}: annotation {self.annotation_id}"


class AgreementReport(models.Model):
    """How far people agreed on the items that several answered, at one moment; numbers as JSON."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="agreement_reports")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    item_count = models.PositiveIntegerField(default=0)  # with two answers or more
    answer_count = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)  # services.agreement says what is in it
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"agreement {self.pk}"


class ConsensusRun(TimestampedModel):
    """One time that final labels were worked out from all answers."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="consensus_runs")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    method = models.CharField(max_length=12, choices=QualitySettings.Method)
    min_posterior = models.FloatField()
    item_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)  # items whose label became another
    doubtful_count = models.PositiveIntegerField(default=0)  # below `min_posterior`: sent to review
    people = models.JSONField(default=list)  # [{"user", "username", "answers", "accuracy"}], least reliable first
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"consensus {self.pk}"


class FinalLabel(models.Model):
    """The label that came out of several answers, with the answers it came from and how sure it is.

    `annotation` holds what the label sums up (regions, several questions): the answer that says just that, or a merged
    one of kind consensus where nobody said all of it (docs/decisions/016).
    """

    run = models.ForeignKey(ConsensusRun, on_delete=models.CASCADE, related_name="labels", db_index=False)
    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="final_label")
    value = models.TextField()
    posterior = models.FloatField()  # of `value`, 0 to 1; of several parts, that of the least sure one
    is_doubtful = models.BooleanField(default=False)  # waits for a reviewer
    sources = models.JSONField(default=list)  # [{"annotation", "user", "value", "weight"}]
    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    parts = models.JSONField(default=list)  # merging.Part, one for each question, region and relation; [] for a class

    class Meta:
        indexes = [
            models.Index(fields=["run", "posterior"], condition=models.Q(is_doubtful=True), name="final_doubtful")
        ]

    def __str__(self) -> str:
        return f"final label of item {self.item_id}"


class QuizAttempt(TimestampedModel):
    """One try of one person at the questions that come before labelling."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="quiz_attempts", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    guide_version = models.PositiveIntegerField(default=0)  # 0 while there is no guide
    questions = models.JSONField(default=list)  # [{"item", "truth", "answer", "is_right"}] in order
    right_count = models.PositiveSmallIntegerField(default=0)
    pass_share = models.FloatField()
    is_passed = models.BooleanField(null=True, blank=True)  # null while it goes on
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["project", "user", "-id"], name="quiz_newest")]

    def __str__(self) -> str:
        return f"quiz {self.pk} of user {self.user_id}"
