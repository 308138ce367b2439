"""The form of a project's quality settings: shares as percents, as people write them."""

from __future__ import annotations

from typing import Any

from django import forms

from lifecycle.annotations.models import QualitySettings
from lifecycle.annotations.services.quality import SHARES
from lifecycle.common.errors import DomainError

PERCENTS = ("review_share", "min_posterior", "quiz_pass_share")


class QualityForm(forms.Form):
    review_share = forms.FloatField(label="Random share for review, in percent")
    return_to = forms.ChoiceField(label="A rejected answer goes to", choices=QualitySettings.ReturnTo.choices)
    consensus_method = forms.ChoiceField(label="Consensus", choices=QualitySettings.Method.choices)
    min_posterior = forms.FloatField(label="In doubt below, in percent")
    quiz_questions = forms.IntegerField(label="Quiz questions before labelling")
    quiz_pass_share = forms.FloatField(label="Pass mark, in percent")
    quiz_each_guide = forms.BooleanField(label="Ask again when the guide changes", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            is_select = isinstance(field, forms.ChoiceField)
            field.widget.attrs["class"] = "form-select" if is_select else "form-control"
            if name == "quiz_each_guide":
                field.widget.attrs["class"] = "form-check-input"

    def read(self) -> dict[str, Any]:
        """As the service wants it."""
        return {name: value / 100 if name in PERCENTS else value for name, value in self.cleaned_data.items()}

    def show_refused(self, refused: DomainError) -> None:
        """What the service refused, beside its field; it speaks of shares, and the form of percents."""
        for name, text in (refused.fields or {"review_share": refused.message}).items():
            if name in SHARES:
                low, high = (100 * bound for bound in SHARES[name])
                text = f"Between {low:g} and {high:g} percent."
            self.add_error(name, text)

    @staticmethod
    def write(settings: QualitySettings) -> dict[str, Any]:
        """What the form shows of the settings."""
        shown = {name: getattr(settings, name) for name in QualityForm.base_fields}
        return {name: f"{value * 100:g}" if name in PERCENTS else value for name, value in shown.items()}
