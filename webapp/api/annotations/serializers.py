"""The shapes that come in and go out; meaning is checked in the services."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services.queue import MAX_LEASES_AT_ONCE
from lifecycle.embeddings.services.grid_pages import ORDERS
from webapp.api.annotations import payloads

MAX_BATCH = 100
MAX_VERSION = 2**31 - 1  # of guides and schemas: as many as the column can say


class Schema(serializers.Serializer):
    version = serializers.IntegerField(read_only=True)
    config = serializers.CharField(read_only=True)
    classes = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


class SchemaChange(serializers.Serializer):
    """Either `classes` or a whole Label Studio `config`; `renames` (old name to new) are of the main control's labels.

    With `accepts_loss` a configuration is taken although answers say what it has no place for: that leaves the answers.
    """

    classes = serializers.ListField(child=serializers.CharField(allow_blank=True), required=False)
    renames = serializers.DictField(child=serializers.CharField(), required=False)
    config = serializers.CharField(required=False)
    accepts_loss = serializers.BooleanField(required=False)
    based_on = serializers.IntegerField(required=False, allow_null=True)

    def validate(self, attrs):
        if "accepts_loss" in attrs and "config" not in attrs:
            raise serializers.ValidationError("accepts_loss goes with config.")
        if ("classes" in attrs) == ("config" in attrs):
            raise serializers.ValidationError("Send either classes or config.")
        return attrs


class Guide(serializers.Serializer):
    version = serializers.IntegerField(read_only=True)
    body = serializers.CharField(read_only=True)
    html = serializers.CharField(read_only=True)


class GuideChange(serializers.Serializer):
    body = serializers.CharField(allow_blank=True, trim_whitespace=False)
    based_on = serializers.IntegerField(required=False, allow_null=True)


class QueueChange(serializers.Serializer):
    overlap = serializers.IntegerField()
    lease_seconds = serializers.IntegerField()


class Progress(serializers.Serializer):
    total = serializers.IntegerField()
    open = serializers.IntegerField()
    done = serializers.IntegerField()
    skipped = serializers.IntegerField()


class OwnWork(serializers.Serializer):
    today = serializers.IntegerField()
    seconds_per_label = serializers.FloatField(allow_null=True)


@extend_schema_serializer(component_name="LabelQueue")
class Queue(serializers.Serializer):
    overlap = serializers.IntegerField()
    lease_seconds = serializers.IntegerField()
    progress = Progress()
    own = OwnWork()
    schema_version = serializers.IntegerField(allow_null=True, help_text="of the label schema that counts now")


class NextRequest(serializers.Serializer):
    count = serializers.IntegerField(default=1, min_value=1, max_value=MAX_LEASES_AT_ONCE)
    resume = serializers.BooleanField(
        default=False, help_text="give back first all that the caller holds already, also where that is more than count"
    )
    share = serializers.BooleanField(
        default=False, help_text="no more than leaves other people their part of what is left; not of a page in order"
    )
    order = serializers.ChoiceField(
        choices=ORDERS,
        required=False,
        help_text="a page of items that belong together: the queue's first with those most like it, or by the model's "
        "guess; the random share of the queue is kept",
    )


class TaskIds(serializers.Serializer):
    tasks = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=1_000)


class RenewRequest(TaskIds):
    share = serializers.BooleanField(
        default=False, help_text="let those at the end go, beyond the caller's part, while somebody waits for a task"
    )


class Held(serializers.Serializer):
    held = serializers.ListField(child=serializers.IntegerField())


class Released(serializers.Serializer):
    released = serializers.IntegerField()


class Reopened(serializers.Serializer):
    reopened = serializers.IntegerField()


class TaskBody(serializers.Serializer):
    id = serializers.IntegerField()
    item = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["image", "text", "row"])
    state = serializers.ChoiceField(choices=Task.State.choices)
    answers = serializers.IntegerField()
    overlap = serializers.IntegerField()
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # a field, not DRF's attribute
    data = serializers.DictField()  # type: ignore[assignment]
    suggestions = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="proposals to show: [{id, result, score, model}]"
    )
    comments = serializers.IntegerField(
        required=False, help_text="how many the caller may read that nobody has closed; not in lists of all tasks"
    )
    returned = serializers.DictField(
        required=False, help_text="where a reviewer sent the caller's answer back: {by, reason, result}"
    )

    def get_fields(self):
        """`fields` is a property of every serializer, so that this key cannot be declared as an attribute."""
        in_order = serializers.ListField(
            child=serializers.ListField(), required=False, help_text="rows only: [column, value] in order"
        )
        return {**super().get_fields(), "fields": in_order}

    def to_representation(self, instance):
        """From a task, given `project` and `columns` in the context; a body that was built already passes through."""
        if isinstance(instance, dict):
            return instance
        return payloads.build_task(
            self.context["project"], instance, self.context["columns"], self.context.get("interface")
        )


class NextTasks(serializers.Serializer):
    lease_seconds = serializers.IntegerField()
    tasks = TaskBody(many=True)
    elsewhere = serializers.IntegerField(
        help_text="where no task is given: how many the caller could answer that others have in hand"
    )
    held = serializers.ListField(
        child=serializers.IntegerField(), help_text="where no task is given: those that the caller has in hand already"
    )
    schema_version = serializers.IntegerField(allow_null=True, help_text="of the label schema that counts now")


class ShownSuggestion(serializers.Serializer):
    """What came of the suggestion that was on screen."""

    id = serializers.IntegerField(min_value=1)
    outcome = serializers.ChoiceField(choices=["accepted", "corrected", "rejected"])


def make_shown_schema() -> serializers.IntegerField:
    """A field: under which labels an answer was given."""
    return serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_VERSION,
        help_text="of the label schema the answer was given under: labels renamed since are taken by their new names",
    )


class Submission(serializers.Serializer):
    """One answer. `idempotency_key` makes a repeat harmless."""

    task = serializers.IntegerField(min_value=1)
    result = serializers.JSONField(help_text="a Label Studio result list, in the project's own names")
    lead_time_ms = serializers.IntegerField(required=False, allow_null=True)
    idempotency_key = serializers.CharField(required=False, allow_null=True, min_length=8, max_length=64)
    suggestion = ShownSuggestion(required=False, allow_null=True)
    schema_version = make_shown_schema()


class Skip(serializers.Serializer):
    reason = serializers.CharField(required=False, allow_blank=True, default="")
    lead_time_ms = serializers.IntegerField(required=False, allow_null=True)
    idempotency_key = serializers.CharField(required=False, allow_null=True, min_length=8, max_length=64)


class Undo(serializers.Serializer):
    idempotency_key = serializers.CharField(required=False, allow_null=True, min_length=8, max_length=64)


class Operation(serializers.Serializer):
    """One thing an annotator did, as their browser's outbox keeps it."""

    key = serializers.CharField(min_length=8, max_length=64)
    kind = serializers.ChoiceField(choices=["answer", "skip", "withdraw", "comment"])
    task = serializers.IntegerField(min_value=1)
    result = serializers.JSONField(required=False)
    reason = serializers.CharField(required=False, allow_blank=True, default="")
    body = serializers.CharField(required=False, allow_blank=True, default="", help_text="what a comment says")
    lead_time_ms = serializers.IntegerField(required=False, allow_null=True)
    suggestion = ShownSuggestion(required=False, allow_null=True)
    fixes = serializers.IntegerField(required=False, min_value=1, help_text="the annotation that a reviewer betters")
    guide_version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_VERSION,
        help_text="of the guide that was on the page; the newest where it is none",
    )
    schema_version = make_shown_schema()


class Batch(serializers.Serializer):
    as_user = serializers.IntegerField(help_text="id of the user whose work this is; anybody else is refused")
    operations = Operation(many=True, max_length=MAX_BATCH)  # type: ignore[call-arg]  # taken by many=True


class GoldFeedback(serializers.Serializer):
    """The answer that is right, where the item was a gold one and the project tells."""

    is_right = serializers.BooleanField()
    expected = serializers.JSONField(help_text="a Label Studio result list")
    expected_value = serializers.CharField(allow_null=True)
    explanation = serializers.CharField(allow_blank=True)


class Outcome(serializers.Serializer):
    key = serializers.CharField()
    status = serializers.ChoiceField(choices=["saved", "refused"])
    annotation = serializers.IntegerField(allow_null=True)
    comment = serializers.IntegerField(allow_null=True)
    code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    feedback = GoldFeedback(allow_null=True)


class Outcomes(serializers.Serializer):
    outcomes = Outcome(many=True)
    schema_version = serializers.IntegerField(allow_null=True, help_text="of the label schema that counts now")


class AnnotationBody(serializers.Serializer):
    """One version of one answer, in Label Studio's terms, with what Gristmill adds: versions and the rules in force."""

    id = serializers.IntegerField()
    task = serializers.IntegerField(source="task_id")
    item = serializers.IntegerField(source="item_id")
    user = serializers.CharField(source="user.username")
    kind = serializers.ChoiceField(choices=Annotation.Kind.choices)
    origin = serializers.ChoiceField(choices=Annotation.Origin.choices)
    result = serializers.JSONField()
    value = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    previous = serializers.IntegerField(source="previous_id", allow_null=True)
    is_current = serializers.BooleanField()
    schema_version = serializers.IntegerField()
    guide_version = serializers.IntegerField(allow_null=True)
    lead_time_ms = serializers.IntegerField(allow_null=True)
    sources = serializers.JSONField(allow_null=True, help_text="of a consensus: the answers it was merged out of")
    created_at = serializers.DateTimeField()

    def to_representation(self, instance):
        """An answer to a gold item looks like any other."""
        body = super().to_representation(instance)
        return {**body, "kind": Annotation.Kind.ANSWER} if body["kind"] == Annotation.Kind.GOLD else body


class HistoryEntry(serializers.Serializer):
    task = TaskBody()
    annotation = AnnotationBody()
