"""The decision log on screen."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.projects import selectors, services
from lifecycle.projects.rules import is_allowed
from webapp.pages.accounts.forms import add_domain_error
from webapp.pages.projects.forms import CommentForm, DecisionForm

PAGE_SIZE = 25


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def list_decisions(request, slug):
    """All decisions; posting records another one."""
    is_post = request.method == "POST"
    project = selectors.get_project(request.user, slug, role="reviewer" if is_post else "member")
    form = DecisionForm(request.POST if is_post else None)
    if is_post and form.is_valid():
        try:
            decision = services.record_decision(project=project, user=request.user, **form.cleaned_data)
            return redirect("projects:decision", slug=slug, decision_id=decision.pk)
        except DomainError as error:
            add_domain_error(form, error)
    search = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    context = {
        "project": project,
        "section": "decisions",
        "form": form,
        "search": search,
        "page": Paginator(selectors.list_decisions(project, search=search), PAGE_SIZE).get_page(
            request.GET.get("page")
        ),
        "can_write": is_allowed(project.role, "reviewer") and project.archived_at is None,
    }
    return render(request, "projects/decisions.html", context)


@login_required
@require_GET
def show(request, slug, decision_id):
    project = selectors.get_project(request.user, slug, role="member")
    context = {
        "project": project,
        "section": "decisions",
        "decision": selectors.get_decision(project, decision_id),
        "form": CommentForm(),
        "can_write": is_allowed(project.role, "annotator") and project.archived_at is None,
    }
    return render(request, "projects/decision.html", context)


@login_required
@require_POST
def comment(request, slug, decision_id):
    project = selectors.get_project(request.user, slug, role="annotator")
    decision = selectors.get_decision(project, decision_id)
    form = CommentForm(request.POST)
    try:
        body = form.cleaned_data["body"] if form.is_valid() else ""
        said = services.add_comment(decision=decision, user=request.user, body=body)
        anchor = f"#comment-{said.pk}"
    except DomainError as error:
        messages.error(request, error.message)
        anchor = "#say"
    return redirect(reverse("projects:decision", args=[slug, decision_id]) + anchor)
