"""The shapes of projects over REST; meaning is checked in the services."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lifecycle.contracts.loop import StageState
from lifecycle.contracts.problems import list_problem_types
from lifecycle.pipelines.portfolio import ORDER, SORTS, Card
from lifecycle.projects.models import AuditEvent, Charter, Decision, DecisionComment, Membership, Milestone, Stage
from lifecycle.projects.rules import CHARTER_FIELDS, MAX_ROWS, MAX_TEXT

PROBLEM_TYPES = [problem.key for problem in list_problem_types()]


class Stakeholder(serializers.Serializer):
    name = serializers.CharField(max_length=500)
    role = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class Reference(serializers.Serializer):
    title = serializers.CharField(max_length=500)
    metric = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    value = serializers.FloatField(required=False, allow_null=True, default=None)
    url = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class CharterOut(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    stakeholders = Stakeholder(many=True, read_only=True)
    references = Reference(many=True, read_only=True)

    class Meta:
        model = Charter
        fields = ["version", *CHARTER_FIELDS, "change_note", "created_by", "created_at"]


class CharterIn(serializers.Serializer):
    """What a charter says; limits left out are no limits."""

    problem_statement = serializers.CharField(max_length=MAX_TEXT)
    target_metric = serializers.CharField(max_length=60, required=False)
    target_threshold = serializers.FloatField(required=False, allow_null=True)
    baseline_value = serializers.FloatField(required=False, allow_null=True)
    max_latency_ms = serializers.FloatField(required=False, allow_null=True, help_text="p95 of a one-item prediction")
    max_model_bytes = serializers.IntegerField(required=False, allow_null=True)
    max_cost_per_1k = serializers.FloatField(required=False, allow_null=True)
    requires_approval = serializers.BooleanField(required=False)
    stakeholders = serializers.ListField(child=Stakeholder(), required=False, max_length=MAX_ROWS)
    references = serializers.ListField(child=Reference(), required=False, max_length=MAX_ROWS)
    constraints_note = serializers.CharField(required=False, allow_blank=True, max_length=MAX_TEXT)


class CharterChange(CharterIn):
    """Fields left out stay as they are. `based_on` is the version that was looked at."""

    problem_statement = serializers.CharField(max_length=MAX_TEXT, required=False)
    change_note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    based_on = serializers.IntegerField(required=False, allow_null=True, default=None)


class ProjectIn(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    slug = serializers.SlugField(max_length=60, required=False, help_text="made from the name when left out")
    problem_type = serializers.ChoiceField(PROBLEM_TYPES)
    charter = CharterIn()
    classes = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=10_000)


class ProjectChange(serializers.Serializer):
    name = serializers.CharField(max_length=120, required=False)
    is_archived = serializers.BooleanField(required=False)


class ProjectQuery(serializers.Serializer):
    q = serializers.CharField(required=False, default="", max_length=100)
    type = serializers.ChoiceField(PROBLEM_TYPES, required=False, default="")
    stage = serializers.ChoiceField([stage.value for stage in ORDER], required=False, default="")
    health = serializers.ChoiceField(["healthy", "attention"], required=False, default="")
    show = serializers.ChoiceField(["active", "archived"], required=False, default="active")
    sort = serializers.ChoiceField(list(SORTS), required=False, default="activity")


class MilestoneOut(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username", read_only=True)

    class Meta:
        model = Milestone
        fields = ["id", "stage", "title", "due_on", "done_at", "created_by", "created_at"]


class Due(serializers.ModelSerializer):
    class Meta:
        model = Milestone
        fields = ["id", "stage", "title", "due_on"]


class ProjectOut(serializers.Serializer):
    """A project with where it stands."""

    slug = serializers.CharField(source="project.slug")
    name = serializers.CharField(source="project.name")
    problem_type = serializers.ChoiceField(PROBLEM_TYPES, source="project.problem_type")
    role = serializers.ChoiceField(Membership.Role.choices, help_text="the caller's")
    stage = serializers.ChoiceField([stage.value for stage in ORDER])
    health = serializers.ChoiceField(["healthy", "attention"])
    health_reason = serializers.CharField()
    people = serializers.SerializerMethodField()
    next_milestone = Due(allow_null=True)
    is_archived = serializers.SerializerMethodField()
    last_activity_at = serializers.DateTimeField(source="project.last_activity_at")
    created_at = serializers.DateTimeField(source="project.created_at")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_people(self, card: Card) -> list[str]:
        return [user.username for user in card.people]

    def get_is_archived(self, card: Card) -> bool:
        return card.project.archived_at is not None


class FigureOut(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]  # DRF fields have a label of their own
    value = serializers.CharField()


class StageOut(serializers.Serializer):
    stage = serializers.ChoiceField(Stage.choices)
    state = serializers.ChoiceField([state.value for state in StageState])
    headline = serializers.CharField()
    figures = FigureOut(many=True)
    action = serializers.CharField(help_text="empty when there is nothing to do for the caller")
    action_label = serializers.CharField()


class GateOut(serializers.Serializer):
    name = serializers.CharField()
    limit = serializers.FloatField()
    value = serializers.FloatField(allow_null=True)
    passed = serializers.BooleanField()
    sentence = serializers.CharField()


class LoopOut(serializers.Serializer):
    """Every stage, the one to go to next, and the champion held against the charter."""

    stages = StageOut(many=True)
    next = serializers.CharField(allow_null=True, help_text="a stage")
    champion = serializers.CharField(allow_null=True)
    gates = GateOut(many=True)


class MemberOut(serializers.ModelSerializer):
    user_id = serializers.IntegerField(read_only=True)
    username = serializers.CharField(source="user.username", read_only=True)
    since = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Membership
        fields = ["user_id", "username", "role", "since"]


class MemberIn(serializers.Serializer):
    username = serializers.CharField(max_length=254, help_text="user name or mail address of an account")
    role = serializers.ChoiceField(Membership.Role.choices)


class MemberChange(serializers.Serializer):
    role = serializers.ChoiceField(Membership.Role.choices)


class MilestoneIn(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    stage = serializers.ChoiceField(Stage.choices)
    due_on = serializers.DateField(required=False, allow_null=True, default=None)


class MilestoneChange(serializers.Serializer):
    title = serializers.CharField(max_length=200, required=False)
    stage = serializers.ChoiceField(Stage.choices, required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    is_done = serializers.BooleanField(required=False)


class MilestoneQuery(serializers.Serializer):
    stage = serializers.ChoiceField(Stage.choices, required=False, default="")
    is_done = serializers.BooleanField(required=False, allow_null=True, default=None)


class CommentOut(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username", read_only=True)

    class Meta:
        model = DecisionComment
        fields = ["id", "body", "created_by", "created_at"]


class CommentIn(serializers.Serializer):
    body = serializers.CharField(max_length=20_000)


class DecisionOut(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    comment_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Decision
        fields = ["id", "title", "body", "created_by", "created_at", "comment_count"]


class DecisionDetail(DecisionOut):
    comments = CommentOut(many=True, read_only=True)

    class Meta(DecisionOut.Meta):
        fields = [*DecisionOut.Meta.fields, "comments"]


class DecisionIn(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")


class DecisionQuery(serializers.Serializer):
    q = serializers.CharField(required=False, default="", max_length=100)


class EventOut(serializers.ModelSerializer):
    actor = serializers.CharField(source="actor_name", read_only=True)
    details: Any = serializers.JSONField(read_only=True)

    class Meta:
        model = AuditEvent
        fields = ["id", "at", "actor", "verb", "summary", "object_type", "object_id", "details"]


class EventQuery(serializers.Serializer):
    actor = serializers.CharField(required=False, default="", max_length=150)
    topic = serializers.CharField(required=False, default="", max_length=60, help_text="first word of the verb")
    q = serializers.CharField(required=False, default="", max_length=100)
