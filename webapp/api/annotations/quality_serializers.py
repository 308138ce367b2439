"""The shapes of reviews, agreement, consensus and people; meaning is checked in the services."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.annotations.models import QualitySettings, Review
from lifecycle.annotations.review_selectors import SAMPLES
from webapp.api.annotations.serializers import Batch, GoldFeedback, TaskBody


class ReviewBody(serializers.Serializer):
    """One verdict on one version of one answer."""

    id = serializers.IntegerField()
    task = serializers.IntegerField(source="task_id")
    annotation = serializers.IntegerField(source="annotation_id")
    annotator = serializers.CharField(source="annotator.username")
    reviewer = serializers.CharField(source="reviewer.username")
    verdict = serializers.ChoiceField(choices=Review.Verdict.choices)
    reason = serializers.CharField(allow_blank=True)
    return_to = serializers.CharField(allow_blank=True)
    fixed_by = serializers.IntegerField(source="fixed_by_id", allow_null=True)
    created_at = serializers.DateTimeField()


class NewReview(serializers.Serializer):
    """A verdict; `fixed` needs the better `result`, `rejected` a reason."""

    annotation = serializers.IntegerField(min_value=1)
    verdict = serializers.ChoiceField(choices=Review.Verdict.choices)
    reason = serializers.CharField(required=False, allow_blank=True, default="")
    return_to = serializers.ChoiceField(choices=QualitySettings.ReturnTo.choices, required=False)
    result = serializers.JSONField(required=False, help_text="a Label Studio result list, for `fixed`")
    lead_time_ms = serializers.IntegerField(required=False, allow_null=True)
    idempotency_key = serializers.CharField(required=False, allow_null=True, min_length=8, max_length=64)

    def validate(self, attrs):
        if (attrs["verdict"] == Review.Verdict.FIXED) != ("result" in attrs):
            raise serializers.ValidationError("Send a result with the verdict “fixed”, and only with it.")
        return attrs


class PendingQuery(serializers.Serializer):
    """Which answers wait: of whom, of which class, drawn how."""

    user = serializers.IntegerField(required=False, min_value=1)
    value = serializers.CharField(required=False, allow_blank=True, default="")
    sample = serializers.ChoiceField(choices=list(SAMPLES.items()), required=False, default="all")


class ReviewQuery(serializers.Serializer):
    user = serializers.IntegerField(required=False, min_value=1)
    annotation = serializers.IntegerField(required=False, min_value=1)
    verdict = serializers.ChoiceField(choices=Review.Verdict.choices, required=False)


class QualitySettingsBody(serializers.Serializer):
    """How a project looks after its labels; shares are between 0 and 1."""

    review_share = serializers.FloatField(required=False)
    return_to = serializers.ChoiceField(choices=QualitySettings.ReturnTo.choices, required=False)
    consensus_method = serializers.ChoiceField(choices=QualitySettings.Method.choices, required=False)
    min_posterior = serializers.FloatField(required=False)
    quiz_questions = serializers.IntegerField(required=False)
    quiz_pass_share = serializers.FloatField(required=False)
    quiz_each_guide = serializers.BooleanField(required=False)


class Agreement(serializers.Serializer):
    """One comparison of all answers; `result` has a report for each question."""

    id = serializers.IntegerField()
    items = serializers.IntegerField(source="item_count")
    answers = serializers.IntegerField(source="answer_count")
    result = serializers.JSONField()
    created_at = serializers.DateTimeField()


class Started(serializers.Serializer):
    job = serializers.IntegerField()


class ConsensusRequest(serializers.Serializer):
    method = serializers.ChoiceField(choices=QualitySettings.Method.choices, required=False)


class Consensus(serializers.Serializer):
    """One time that final labels were worked out."""

    id = serializers.IntegerField()
    job = serializers.IntegerField(source="job_id", allow_null=True)
    method = serializers.ChoiceField(choices=QualitySettings.Method.choices)
    min_posterior = serializers.FloatField()
    items = serializers.IntegerField(source="item_count")
    changed = serializers.IntegerField(source="changed_count")
    doubtful = serializers.IntegerField(source="doubtful_count")
    people = serializers.JSONField()
    finished_at = serializers.DateTimeField(allow_null=True)


class FinalLabelQuery(serializers.Serializer):
    is_doubtful = serializers.BooleanField(required=False, allow_null=True, default=None)
    item = serializers.IntegerField(required=False, min_value=1)


class FinalSource(serializers.Serializer):
    """One answer behind a final label."""

    annotation = serializers.IntegerField()
    user = serializers.IntegerField()
    value = serializers.CharField()
    weight = serializers.FloatField(help_text="how often its author is right; 1 in a plain vote")


class FinalPart(serializers.Serializer):
    """One thing that was settled: a question, a region or a relation."""

    control = serializers.CharField()
    region = serializers.CharField(allow_blank=True, help_text="its id in `result`; empty for a question")
    said = serializers.CharField(allow_blank=True)
    posterior = serializers.FloatField()
    annotations = serializers.ListField(child=serializers.IntegerField(), help_text="the answers that say so")
    is_kept = serializers.BooleanField(help_text="false: too few said so, and it is not in `result`")


class FinalLabelBody(serializers.Serializer):
    """The label that came out of several answers, and the answers."""

    item = serializers.IntegerField(source="item_id")
    value = serializers.CharField()
    posterior = serializers.FloatField()
    is_doubtful = serializers.BooleanField()
    annotation = serializers.IntegerField(
        source="annotation_id", allow_null=True, help_text="the answer that says just this, or the merged one"
    )
    result = serializers.JSONField(
        source="annotation.result", default=None, help_text="in full, as Label Studio's result list"
    )
    parts = FinalPart(many=True)
    sources = FinalSource(many=True)


class ReviewTally(serializers.Serializer):
    """How many of one person's answers got which verdict."""

    accepted = serializers.IntegerField()
    fixed = serializers.IntegerField()
    rejected = serializers.IntegerField()


class PersonBody(serializers.Serializer):
    """One person's work; what is not known is null."""

    user = serializers.IntegerField(source="user_id")
    username = serializers.CharField()
    answers = serializers.IntegerField()
    skips = serializers.IntegerField()
    seconds_per_label = serializers.FloatField(allow_null=True)
    agreed = serializers.FloatField(allow_null=True)
    compared_items = serializers.IntegerField()
    gold_right = serializers.IntegerField()
    gold_total = serializers.IntegerField()
    skill = serializers.FloatField(allow_null=True, help_text="how often they are right, as Dawid-Skene has it")
    with_others = serializers.FloatField(allow_null=True, help_text="agreement with the others beyond chance, up to 1")
    among_others = serializers.FloatField(allow_null=True, help_text="of the others with each other, same items")
    alpha_without = serializers.FloatField(allow_null=True, help_text="of everybody else")
    reviews = ReviewTally()
    is_suspect = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class PaceBody(serializers.Serializer):
    """Answers of one hour of the day, or of the week from this Monday on, and their median seconds."""

    bucket = serializers.CharField(help_text="0 to 23, or a date")
    answers = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True)


class WeekBody(serializers.Serializer):
    monday = serializers.DateField()
    agreed = serializers.FloatField(allow_null=True, help_text="with the others, of answers given that week")
    pairs = serializers.IntegerField(help_text="of answers that were compared")
    gold_right = serializers.IntegerField()
    gold_total = serializers.IntegerField()


class PartnerBody(serializers.Serializer):
    """Somebody who answered the same items."""

    user = serializers.IntegerField(source="user_id")
    username = serializers.CharField()
    items = serializers.IntegerField()
    agreed = serializers.FloatField(allow_null=True, help_text="share of the same answers; F1 of what is drawn")
    kappa = serializers.FloatField(allow_null=True)


class MixedUp(serializers.Serializer):
    said = serializers.CharField()
    others = serializers.CharField(help_text="what others say of the same items")
    count = serializers.IntegerField()


class PersonDetail(PersonBody):
    """One person's work and how it changes."""

    hours = PaceBody(many=True)
    paces = PaceBody(many=True, help_text="by week")
    weeks = WeekBody(many=True)
    partners = PartnerBody(many=True, help_text="for reviewers")
    mixed_up = MixedUp(many=True, help_text="for reviewers")


class People(serializers.Serializer):
    people = PersonBody(many=True)


class QuizAttemptBody(serializers.Serializer):
    """One try at the quiz; `is_passed` is null while it goes on."""

    id = serializers.IntegerField()
    is_passed = serializers.BooleanField(allow_null=True)
    right_count = serializers.IntegerField()
    pass_share = serializers.FloatField()


class QuizAnswered(serializers.Serializer):
    """A question with what the caller said of it, and what is right."""

    task = TaskBody()
    result = serializers.JSONField(help_text="a Label Studio result list")
    feedback = GoldFeedback()


class QuizBody(serializers.Serializer):
    """Where the caller stands with the quiz that is asked in the labelling tool."""

    is_wanted = serializers.BooleanField(help_text="whether it has to be passed before anything is answered")
    attempt = QuizAttemptBody(allow_null=True, help_text="the one that goes on, else the newest")
    tasks = TaskBody(many=True, help_text="questions that wait for an answer, in order")
    answered = QuizAnswered(many=True, help_text="newest first")


class QuizAnswers(Batch):
    """What a browser's outbox brings for one attempt; answers only."""

    attempt = serializers.IntegerField(min_value=1)


class QuizOutcome(serializers.Serializer):
    key = serializers.CharField()
    status = serializers.ChoiceField(choices=["saved", "refused"])
    code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    feedback = GoldFeedback(allow_null=True)


class QuizOutcomes(serializers.Serializer):
    outcomes = QuizOutcome(many=True)
