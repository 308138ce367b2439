"""The shape of what people type about accounts; the meaning is checked by the services."""

from __future__ import annotations

from django import forms

from lifecycle.accounts.models import ApiToken
from lifecycle.common.errors import DomainError
from lifecycle.projects.models import Membership

TOKEN_DAYS = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "never")]
INVITATION_DAYS = [("1", "1 day"), ("7", "7 days"), ("30", "30 days")]
SCOPES = [
    (ApiToken.Scope.WRITE, "write: everything you may do"),
    (ApiToken.Scope.READ, "read: look, change nothing"),
    (ApiToken.Scope.PREDICT, "predict: ask deployments for predictions, nothing else"),
]
ROLE_HINTS = {
    "viewer": "sees everything, changes nothing",
    "annotator": "labels what it is given, sees nobody else's labels",
    "reviewer": "labels, reviews, approves",
    "engineer": "data, training, deployments",
    "owner": "everything, people too",
}
ROLES = [(role, f"{role}: {ROLE_HINTS[role]}") for role in reversed(Membership.Role.values)]


class PlainForm(forms.Form):
    """Fields with the classes of the style sheet; errors are tied to their fields for screen readers."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for field in self.fields.values():
            kind = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs["class"] = kind

    def add_error(self, field, error):
        """Django's, and marks the field; a service's refusal comes this way too."""
        super().add_error(field, error)
        for name in self.errors:
            if name in self.fields and "is-invalid" not in self.fields[name].widget.attrs["class"]:
                self.fields[name].widget.attrs["class"] += " is-invalid"


class PasswordField(forms.CharField):
    def __init__(self, *, is_new: bool = True, **options):
        kind = "new-password" if is_new else "current-password"
        widget = forms.PasswordInput(attrs={"autocomplete": kind})
        super().__init__(widget=widget, strip=False, max_length=200, **options)


class RepeatedPassword(PlainForm):
    """Two fields that must be equal; `cleaned_data["new"]` is the password."""

    def clean(self):
        values = super().clean() or self.cleaned_data
        if values.get("new") and values.get("repeated") and values["new"] != values["repeated"]:
            self.add_error("repeated", "The two passwords differ.")
        return values


class LoginForm(PlainForm):
    name = forms.CharField(
        label="User name or mail address",
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = PasswordField(is_new=False)


class PasswordChangeForm(RepeatedPassword):
    current = PasswordField(is_new=False, label="Current password")
    new = PasswordField(label="New password", help_text="At least 10 characters; a sentence is good.")
    repeated = PasswordField(label="New password again")


class PasswordSetForm(RepeatedPassword):
    new = PasswordField(label="New password", help_text="At least 10 characters; a sentence is good.")
    repeated = PasswordField(label="New password again")


class ResetRequestForm(PlainForm):
    email = forms.EmailField(label="Mail address", widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class SignUpForm(RepeatedPassword):
    username = forms.CharField(
        label="User name",
        max_length=150,
        help_text="Letters, digits and @ . + - _",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    email = forms.EmailField(label="Mail address", required=False, help_text="For a forgotten password.")
    new = PasswordField(label="Password", help_text="At least 10 characters; a sentence is good.")
    repeated = PasswordField(label="Password again")


class ProfileForm(PlainForm):
    first_name = forms.CharField(label="First name", max_length=150, required=False)
    last_name = forms.CharField(label="Last name", max_length=150, required=False)
    email = forms.EmailField(label="Mail address", required=False, help_text="For a forgotten password.")
    theme = forms.ChoiceField(choices=[("auto", "as the system"), ("light", "light"), ("dark", "dark")])


class TokenForm(PlainForm):
    name = forms.CharField(
        label="What is it for?", max_length=100, widget=forms.TextInput(attrs={"placeholder": "nightly import"})
    )
    scope = forms.ChoiceField(choices=SCOPES)
    days = forms.ChoiceField(label="Expires after", choices=TOKEN_DAYS, required=False, initial="90")

    def clean_days(self) -> int | None:
        return int(self.cleaned_data["days"]) if self.cleaned_data["days"] else None


class InvitationForm(PlainForm):
    email = forms.EmailField(label="For (a note for yourself)", required=False)
    days = forms.TypedChoiceField(label="Works for", choices=INVITATION_DAYS, coerce=int, initial="7")


class MemberInvitationForm(InvitationForm):
    role = forms.ChoiceField(choices=ROLES, initial="annotator")
    field_order = ["role", "email", "days"]


def add_domain_error(form: forms.Form, error: DomainError) -> None:
    """A service's refusal as form messages: by field where it names one of the form's, else above the form."""
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, text)
    if not known:
        form.add_error(None, error.message)
