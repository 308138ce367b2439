"""Shapes of the queue's REST endpoints; meaning is checked in the services."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from lifecycle.annotations.models import Notice, QueueSettings


class QueueSettingsBody(serializers.Serializer):
    overlap = serializers.IntegerField(required=False)
    lease_seconds = serializers.IntegerField(required=False)
    order = serializers.ChoiceField(choices=QueueSettings.Order.choices, required=False)
    random_share = serializers.FloatField(required=False, help_text="0 to 1")
    is_only_assigned = serializers.BooleanField(required=False)
    skip_reasons = serializers.ListField(child=serializers.CharField(), required=False)
    needs_skip_reason = serializers.BooleanField(required=False)
    skips_to_leave = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="people who must skip an item before it leaves the queue; null: as many as answers are wanted",
    )
    final_skip_reasons = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="one skip for one of these takes the item out"
    )
    gold_share = serializers.FloatField(required=False, help_text="0 to 0.5")
    has_gold_feedback = serializers.BooleanField(required=False)
    hourly_rate = serializers.DecimalField(max_digits=10, decimal_places=2, required=False, allow_null=True)
    rates = serializers.DictField(child=serializers.CharField(), required=False, help_text="user id to rate")
    currency = serializers.CharField(required=False)
    ranked_at = serializers.DateTimeField(read_only=True, allow_null=True)
    rank_job = serializers.IntegerField(source="rank_job_id", read_only=True, allow_null=True)
    stale_since = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="what the order is worked out from has changed since"
    )


class Estimate(serializers.Serializer):
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField(allow_null=True)


class Seconds(serializers.Serializer):
    median = serializers.FloatField()
    mean = Estimate()
    count = serializers.IntegerField()


class End(serializers.Serializer):
    at = serializers.DateTimeField()
    earliest = serializers.DateTimeField()
    latest = serializers.DateTimeField(allow_null=True)


class SkipReason(serializers.Serializer):
    reason = serializers.CharField(allow_blank=True)
    tasks = serializers.IntegerField()


class PersonBudget(serializers.Serializer):
    user_id = serializers.IntegerField()
    username = serializers.CharField()
    labels = serializers.IntegerField()
    seconds = Seconds(allow_null=True)
    rate = serializers.FloatField(allow_null=True)


@extend_schema_serializer(component_name="LabelBudget")
class Budget(serializers.Serializer):
    given = serializers.IntegerField()
    left = serializers.IntegerField()
    skipped = serializers.SerializerMethodField(help_text="tasks that left the queue, by reason; not in `left`")
    passed_on = serializers.IntegerField(help_text="open tasks that somebody skipped; in `left`")
    stranded = serializers.IntegerField(help_text="open tasks that everybody answered or skipped; in `left`")
    seconds = Seconds(allow_null=True)
    pace = Estimate(allow_null=True)
    end = End(allow_null=True)
    hourly = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()
    cost_left = Estimate(allow_null=True)
    cost_so_far = Estimate(allow_null=True)
    people = PersonBudget(many=True)

    @extend_schema_field(SkipReason(many=True))
    def get_skipped(self, budget):
        return [{"reason": reason, "tasks": count} for reason, count in budget.skipped]


class SkipReasons(serializers.Serializer):
    reasons = serializers.ListField(child=serializers.CharField(allow_blank=True), max_length=100)


class SkipsReopened(serializers.Serializer):
    reopened = serializers.IntegerField()
    has_more = serializers.BooleanField()


class Settled(serializers.Serializer):
    done = serializers.IntegerField(help_text="ended with the answers they have")
    skipped = serializers.IntegerField(help_text="nobody answered: out of the queue")
    has_more = serializers.BooleanField()


class Workload(serializers.Serializer):
    user_id = serializers.IntegerField()
    username = serializers.CharField()
    waiting = serializers.IntegerField()
    finished = serializers.IntegerField()


class NewAssignments(serializers.Serializer):
    tasks = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=10_000)
    users = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=100)


class OldAssignments(serializers.Serializer):
    user = serializers.IntegerField(min_value=1)
    tasks = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=10_000, required=False)


class Counted(serializers.Serializer):
    count = serializers.IntegerField()


class AssignmentRuleBody(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    title = serializers.CharField(max_length=200)
    query = serializers.CharField(
        allow_blank=True, required=False, help_text="filters of the items page, such as collection=3&language=en"
    )
    guess = serializers.CharField(allow_blank=True, required=False, help_text="class of the newest suggestion")
    shares = serializers.DictField(child=serializers.FloatField(), help_text="user id to weight")
    people_per_task = serializers.IntegerField(required=False)
    is_active = serializers.BooleanField(required=False, help_text="also takes items that come in later")
    assigned_count = serializers.IntegerField(read_only=True)
    job = serializers.IntegerField(source="job_id", read_only=True)


class GoldBody(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    task = serializers.IntegerField(source="task_id", read_only=True)
    value = serializers.CharField(read_only=True, allow_null=True)
    result = serializers.JSONField(read_only=True)
    explanation = serializers.CharField(read_only=True)
    is_active = serializers.BooleanField(read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True)


class GoldMark(serializers.Serializer):
    annotation = serializers.IntegerField(min_value=1)
    explanation = serializers.CharField(allow_blank=True, required=False, default="")


class GoldTaskIds(serializers.Serializer):
    tasks = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=1_000)


class GoldTasks(serializers.Serializer):
    """Either `tasks` or a `filter`."""

    tasks = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=1_000, required=False)
    filter = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        help_text="as the URL of the list of tasks says it, such as {“state”: “done”}; the first 1,000",
    )
    explanation = serializers.CharField(allow_blank=True, required=False, default="")

    def validate(self, attrs):
        if ("tasks" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("Send either “tasks” or a “filter”.")
        return attrs


class GoldMade(serializers.Serializer):
    tasks = serializers.ListField(child=serializers.IntegerField(), help_text="those that are gold now")
    left_out = serializers.IntegerField(help_text="without a label that an answer says, or gold already")


class GoldAccuracy(serializers.Serializer):
    user_id = serializers.IntegerField()
    username = serializers.CharField()
    attempts = serializers.IntegerField()
    right = serializers.IntegerField()
    accuracy = serializers.FloatField()
    mean_score = serializers.FloatField()


class TaskCommentBody(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    task = serializers.IntegerField(source="task_id", read_only=True)
    author = serializers.CharField(source="author.username", read_only=True)
    body = serializers.CharField()
    created_at = serializers.DateTimeField(read_only=True)
    resolved_at = serializers.DateTimeField(read_only=True, allow_null=True)
    resolved_by = serializers.CharField(source="resolved_by.username", read_only=True, default=None, allow_null=True)


class Mentionable(serializers.Serializer):
    names = serializers.ListField(child=serializers.CharField())


class NoticeVerdict(serializers.Serializer):
    """The verdict on an answer of the caller's."""

    id = serializers.IntegerField()
    task = serializers.IntegerField(source="task_id")
    verdict = serializers.CharField()
    by = serializers.CharField(source="reviewer.username")
    reason = serializers.CharField()


class NoticeBody(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Notice.Kind.choices)
    project = serializers.SerializerMethodField()
    comment = TaskCommentBody(allow_null=True)
    verdict = NoticeVerdict(source="review", allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_project(self, notice) -> str:
        return (notice.review or notice.comment.task.dataset).project.slug


class NoticeIds(serializers.Serializer):
    notices = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, max_length=1_000, help_text="none given: all"
    )
