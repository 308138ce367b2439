"""The charter: what the product must do, its history, and changing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.pipelines.loop import describe_standing
from lifecycle.projects import rules, selectors, services
from lifecycle.projects.models import Charter
from lifecycle.projects.rules import is_allowed
from webapp.pages.accounts.forms import add_domain_error
from webapp.pages.projects.forms import CharterForm
from webapp.templatetags.gristmill import bytesize


@dataclass(frozen=True)
class Change:
    """One changed field in words; of long texts and lists, what is `gone` and what is `new`."""

    title: str
    before: str
    after: str
    is_long: bool = False
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


@dataclass(frozen=True)
class Revision:
    """One version with what it changed."""

    charter: Charter
    changes: list[Change]


class ChangeForm(CharterForm):
    change_note = forms.CharField(label="Why this change?", max_length=300, required=False)
    based_on = forms.IntegerField(widget=forms.HiddenInput, required=False)


@login_required
@require_GET
def show(request, slug):
    project = selectors.get_project(request.user, slug, role="member")
    problem = get_problem_type(project.problem_type)
    charters = list(selectors.list_charters(project)[:100])
    revisions = [
        Revision(charter, [describe_change(change) for change in rules.compare_charters(before, charter)])
        for charter, before in zip(charters, [*charters[1:], None], strict=True)
    ]
    charter = charters[0] if charters else None
    context = {
        "project": project,
        "section": "charter",
        "problem": problem,
        "charter": charter,
        "metric": problem.get_metric(charter.target_metric) if charter else None,
        "revisions": revisions,
        "standing": describe_standing(project),
        "can_edit": is_allowed(project.role, "engineer") and project.archived_at is None,
    }
    return render(request, "projects/charter.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, slug):
    """Posting makes the next version; "more" in the answer asks for more rows only."""
    project = selectors.get_project(request.user, slug, role="engineer")
    problem = get_problem_type(project.problem_type)
    charter = selectors.find_charter(project)
    is_post, wants_rows = request.method == "POST", "more" in request.POST
    form = ChangeForm(
        request.POST if is_post else None,
        charter=charter,
        problem=problem,
        initial={"based_on": charter.version if charter else None, "change_note": ""},
    )
    if is_post and not wants_rows and form.is_valid():
        try:
            services.update_charter(
                project=project,
                user=request.user,
                changes=form.read_answers(),
                change_note=form.cleaned_data["change_note"],
                based_on=form.cleaned_data["based_on"],
            )
            return redirect("projects:charter", slug=slug)
        except DomainError as error:
            add_domain_error(form, error)
    context = {"project": project, "section": "charter", "form": form, "charter": charter, "is_quiet": wants_rows}
    return render(request, "projects/charter_edit.html", context)


def describe_change(change: rules.CharterChange) -> Change:
    """A change as the history shows it."""
    if isinstance(change.after, list):
        old, new = ([_say_row(row) for row in rows] for rows in (change.before, change.after))
        gone = tuple(row for row in old if row not in new)
        return Change(change.title, str(len(old)), str(len(new)), True, gone, tuple(r for r in new if r not in old))
    before, after = _say(change.field, change.before), _say(change.field, change.after)
    is_long = change.field in ("problem_statement", "constraints_note")
    return Change(change.title, before, after, is_long, (before,) if is_long else (), (after,) if is_long else ())


def _say(field: str, value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "needed" if value else "not needed"
    if field == "max_model_bytes":
        return bytesize(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _say_row(row: dict[str, Any]) -> str:
    return " · ".join(str(value) for value in row.values() if value not in ("", None))
