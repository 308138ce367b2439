"""The people of a project."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.projects import invitations, selectors, services
from webapp.pages.accounts.forms import ROLE_HINTS, ROLES, add_domain_error
from webapp.pages.projects.forms import MemberForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def list_members(request, slug):
    """Everybody and their roles; posting adds somebody who has an account."""
    is_post = request.method == "POST"
    project = selectors.get_project(request.user, slug, role="owner" if is_post else "member")
    form = MemberForm(request.POST if is_post else None)
    if is_post and form.is_valid() and _add(request, project, form):
        return redirect("projects:members", slug=slug)
    is_owner = project.role == "owner" and project.archived_at is None
    context = {
        "project": project,
        "section": "members",
        "form": form,
        "members": selectors.list_members(project),
        "roles": ROLES,
        "hints": ROLE_HINTS.items(),
        "is_owner": is_owner,
        "invitations": invitations.list_open(project) if is_owner else [],
    }
    return render(request, "projects/members.html", context)


def _add(request, project, form: MemberForm) -> bool:
    try:
        user = selectors.get_account(form.cleaned_data["username"])
        services.add_member(project=project, actor=request.user, user=user, role=form.cleaned_data["role"])
    except DomainError as error:
        error.fields = error.fields or {"username": error.message}
        add_domain_error(form, error)
        return False
    messages.success(request, f"{user.username} is a member now.")
    return True


@login_required
@require_POST
def change(request, slug, user_id):
    """Another role."""
    project = selectors.get_project(request.user, slug, role="owner")
    member = selectors.get_member(project, user_id)
    try:
        services.change_role(membership=member, actor=request.user, role=request.POST.get("role", ""))
        messages.success(request, f"{member.user.username} is {request.POST.get('role')} now.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("projects:members", slug=slug)


@login_required
@require_POST
def remove(request, slug, user_id):
    project = selectors.get_project(request.user, slug, role="owner")
    member = selectors.get_member(project, user_id)
    try:
        services.remove_member(membership=member, actor=request.user)
        messages.success(request, f"{member.user.username} is no member any more.")
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("projects:members", slug=slug)
    return redirect("projects:list") if member.user_id == request.user.pk else redirect("projects:members", slug=slug)


@login_required
@require_POST
def leave(request, slug):
    """Everybody may go."""
    project = selectors.get_project(request.user, slug, role="member")
    member = selectors.get_member(project, request.user.pk)
    try:
        services.remove_member(membership=member, actor=request.user)
        messages.success(request, f"You left {project.name}.")
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("projects:members", slug=slug)
    return redirect("projects:list")
