"""The shape of what people type about projects; the meaning is checked by the services."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from lifecycle.contracts.problems import LabelKind, list_problem_types
from lifecycle.projects.models import Charter, Stage
from lifecycle.projects.rules import MAX_ROWS
from webapp.pages.accounts.forms import ROLES, PlainForm
from webapp.pages.projects.loop import LOOKS

REFERENCE = ("title", "metric", "value", "url")
STAKEHOLDER = ("name", "role")
BYTES_PER_MB = 1_000_000
ANY_NUMBER = {"step": "any", "inputmode": "decimal"}


def list_metric_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Metrics in groups: of classes, numbers, boxes and spans."""
    groups: dict[LabelKind, dict[str, str]] = {kind: {} for kind in LabelKind}
    for problem in list_problem_types():
        for metric in problem.metrics:
            word = "higher is better" if metric.higher_is_better else "lower is better"
            groups[problem.label_kind][metric.key] = f"{metric.title}: {word}"
    titles = {
        LabelKind.CLASS: "Classification",
        LabelKind.NUMBER: "Regression",
        LabelKind.REGIONS: "Object detection",
        LabelKind.SPANS: "Span labelling",
        LabelKind.FREE: "Labelling only",
    }
    return [(titles[kind], list(choices.items())) for kind, choices in groups.items()]


class CharterForm(PlainForm):
    """The framing. `rows` keeps what stands in the repeated rows, with free ones at the end."""

    problem_statement = forms.CharField(
        label="What must the product do?",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=20_000,
    )
    target_metric = forms.ChoiceField(label="How do we measure it?")
    target_threshold = forms.FloatField(label="Good enough from", required=False)
    baseline_value = forms.FloatField(
        label="Where we are today", required=False, help_text="What the way it is done now reaches."
    )
    max_latency_ms = forms.FloatField(label="p95 latency, ms", required=False)
    max_model_mb = forms.FloatField(label="Model size, MB", required=False)
    max_cost_per_1k = forms.FloatField(label="Cost per 1,000 predictions", required=False)
    requires_approval = forms.BooleanField(
        label="A reviewer approves a model before it becomes champion",
        required=False,
        widget=forms.CheckboxInput,
    )
    constraints_note = forms.CharField(
        label="Anything else it must respect", required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data=None, *, charter: Charter | None = None, problem=None, **options):
        initial = read_charter(charter) if charter else {}
        super().__init__(data, initial=initial | options.pop("initial", {}), **options)
        groups = list_metric_choices()
        if problem is not None:
            groups = [(metric.key, metric.title) for metric in problem.metrics]
        cast(forms.ChoiceField, self.fields["target_metric"]).choices = groups
        for field in self.fields.values():
            if isinstance(field, forms.FloatField):
                field.widget.attrs |= ANY_NUMBER
        self.fields["requires_approval"].widget.attrs["class"] = "form-check-input"
        self.stakeholder_rows = _fill(data, "stakeholder", STAKEHOLDER, charter.stakeholders if charter else [])
        self.reference_rows = _fill(data, "reference", REFERENCE, charter.references if charter else [])

    def read_answers(self) -> dict[str, Any]:
        """The fields of projects.Charter."""
        answers = {
            name: value
            for name, value in self.cleaned_data.items()
            if name in CharterForm.base_fields and name != "max_model_mb"
        }
        size = self.cleaned_data["max_model_mb"]
        answers["max_model_bytes"] = None if size is None else size * BYTES_PER_MB
        answers["stakeholders"] = read_rows(self.data, "stakeholder", STAKEHOLDER)
        answers["references"] = read_rows(self.data, "reference", REFERENCE)
        return answers


class ProjectForm(CharterForm):
    """A new project: the charter's questions, and what only a new one is asked."""

    name = forms.CharField(label="Name", max_length=120)
    problem_type = forms.ChoiceField(label="What kind of problem is it?", initial="image_classification")
    classes = forms.CharField(
        label="Classes, one a line", required=False, widget=forms.Textarea(attrs={"rows": 4}), max_length=100_000
    )

    def __init__(self, data=None, **options):
        super().__init__(data, **options)
        cast(forms.ChoiceField, self.fields["problem_type"]).choices = [
            (problem.key, problem.title) for problem in list_problem_types()
        ]

    def read_classes(self) -> list[str]:
        """The classes as written; empty lines are nothing."""
        return [line.strip() for line in self.cleaned_data["classes"].splitlines() if line.strip()]


def read_charter(charter: Charter) -> dict[str, Any]:
    """A charter as the form's initial values."""
    values = {name: getattr(charter, name) for name in CharterForm.base_fields if hasattr(charter, name)}
    size = charter.max_model_bytes
    return values | {"max_model_mb": None if size is None else size / BYTES_PER_MB}


def read_rows(data, prefix: str, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Repeated rows, each field posted once a row under ``<prefix>_<name>``; empty rows are left out."""
    columns = [data.getlist(f"{prefix}_{name}")[: MAX_ROWS + 1] for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=False)]
    return [row for row in rows if any(value.strip() for value in row.values())]


def _fill(data, prefix: str, names: tuple[str, ...], stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows to show: what was typed, else what is stored, then free ones."""
    rows: list[dict[str, Any]] = list(stored) if data is None else list(read_rows(data, prefix, names))
    spare = 3 if data is not None and data.get("more") == prefix else 1
    return rows + [dict.fromkeys(names, "") for _ in range(spare)]


class MilestoneForm(PlainForm):
    title = forms.CharField(
        label="What should be reached?",
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "5,000 labeled pictures"}),
    )
    stage = forms.ChoiceField(choices=[(stage, LOOKS[stage].title) for stage in Stage.values], initial="collect")
    due_on = forms.DateField(label="Due", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))


class DecisionForm(PlainForm):
    title = forms.CharField(
        label="What was decided?",
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "Blurred pictures are excluded"}),
    )
    body = forms.CharField(
        label="Why?",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "What was considered, what it costs, who agreed"}),
    )


class CommentForm(PlainForm):
    body = forms.CharField(label="Your comment", max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}))


class MemberForm(PlainForm):
    username = forms.CharField(
        label="User name or mail address",
        max_length=254,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=ROLES, initial="annotator")


class NameForm(PlainForm):
    name = forms.CharField(label="Name", max_length=120)
