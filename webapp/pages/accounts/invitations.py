"""Invitations into a project, made and withdrawn by its owners."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.projects import invitations
from lifecycle.projects.selectors import get_project
from webapp.pages.accounts.forms import MemberInvitationForm, add_domain_error


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def project(request, slug):
    """The link of a new invitation is in the answer to the POST and nowhere else."""
    project = get_project(request.user, slug, role="owner")
    form, link = MemberInvitationForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = invitations.create(invited_by=request.user, project=project, **form.cleaned_data)
            link = request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))
            form = MemberInvitationForm()
        except DomainError as error:
            add_domain_error(form, error)
    context = {
        "project": project,
        "section": "members",
        "form": form,
        "link": link,
        "invitations": invitations.list_open(project),
    }
    return render(request, "accounts/project_invitations.html", context)


@login_required
@require_POST
def revoke(request, slug, invitation_id):
    invitation = invitations.get(get_project(request.user, slug, role="owner"), invitation_id)
    try:
        invitations.revoke(invitation=invitation, user=request.user)
        messages.success(request, "The invitation no longer works.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("accounts:project-invitations", slug=slug)
