"""Milestones on screen: plan, finish, change."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.projects import selectors, services
from lifecycle.projects.models import Stage
from lifecycle.projects.rules import is_allowed
from webapp.pages.accounts.forms import add_domain_error
from webapp.pages.projects.forms import MilestoneForm
from webapp.pages.projects.loop import LOOKS
from webapp.requests import next_url


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def list_milestones(request, slug):
    """The plan; posting adds to it."""
    is_post = request.method == "POST"
    project = selectors.get_project(request.user, slug, role="engineer" if is_post else "member")
    form = MilestoneForm(request.POST if is_post else None)
    if is_post and form.is_valid():
        try:
            services.add_milestone(project=project, user=request.user, **form.cleaned_data)
            return redirect("projects:milestones", slug=slug)
        except DomainError as error:
            add_domain_error(form, error)
    stage = request.GET.get("stage", "")
    chosen = stage if stage in Stage.values else ""
    rows = [(row, LOOKS[row.stage]) for row in selectors.list_milestones(project, stage=chosen)[:500]]
    context = {
        "project": project,
        "section": "milestones",
        "form": form,
        "stage": chosen,
        "stages": list(LOOKS.items()),
        "open": [pair for pair in rows if pair[0].done_at is None],
        "done": [pair for pair in rows if pair[0].done_at is not None],
        "today": timezone.localdate(),
        "can_edit": is_allowed(project.role, "engineer") and project.archived_at is None,
    }
    return render(request, "projects/milestones.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, slug, milestone_id):
    project = selectors.get_project(request.user, slug, role="engineer")
    milestone = selectors.get_milestone(project, milestone_id)
    initial = {"title": milestone.title, "stage": milestone.stage, "due_on": milestone.due_on}
    form = MilestoneForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_milestone(milestone=milestone, user=request.user, **form.cleaned_data)
            return redirect("projects:milestones", slug=slug)
        except DomainError as error:
            add_domain_error(form, error)
    context = {"project": project, "section": "milestones", "form": form, "milestone": milestone}
    return render(request, "projects/milestone.html", context)


@login_required
@require_POST
def complete(request, slug, milestone_id):
    return _change(request, slug, milestone_id, services.complete_milestone)


@login_required
@require_POST
def reopen(request, slug, milestone_id):
    return _change(request, slug, milestone_id, services.reopen_milestone)


@login_required
@require_POST
def delete(request, slug, milestone_id):
    return _change(request, slug, milestone_id, services.delete_milestone)


def _change(request, slug: str, milestone_id: int, verb):
    project = selectors.get_project(request.user, slug, role="engineer")
    milestone = selectors.get_milestone(project, milestone_id)
    try:
        verb(milestone=milestone, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(next_url(request, reverse("projects:milestones", args=[slug])))
