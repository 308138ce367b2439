"""A person's own pages: profile, password, sessions, API tokens."""

from __future__ import annotations

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.accounts import selectors
from lifecycle.accounts.services import users
from lifecycle.common.errors import DomainError
from lifecycle.projects import people
from webapp.pages.accounts.forms import PasswordChangeForm, ProfileForm, TokenForm, add_domain_error
from webapp.requests import next_url

require_form = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@require_form
def profile(request):
    initial = {name: getattr(request.user, name) for name in users.PROFILE_FIELDS}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            people.update_profile(user=request.user, values=form.cleaned_data)
        except DomainError as error:
            request.user.refresh_from_db()  # the page must not show what was refused
            add_domain_error(form, error)
        else:
            messages.success(request, "Your profile is saved.")
            return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form, "section": "profile"})


@sensitive_post_parameters()
@login_required
@never_cache
@require_form
def password(request):
    form = PasswordChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            people.change_password(user=request.user, current=values["current"], new=values["new"])
        except DomainError as error:
            add_domain_error(form, error)
        else:
            auth.update_session_auth_hash(request, request.user)
            messages.success(request, "Your password is changed. Every other session of yours is logged out.")
            return redirect(next_url(request, "projects:list"))
    return render(request, "accounts/password_change.html", {"form": form, "section": "password"})


@login_required
@require_POST
def theme(request):
    people.update_profile(user=request.user, values={"theme": request.POST.get("theme", "auto")})
    if request.htmx or "json" in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    return redirect(next_url(request, "projects:list"))


@login_required
@require_POST
def end_sessions(request):
    people.end_sessions(user=request.user)
    auth.update_session_auth_hash(request, request.user)
    messages.success(request, "You are logged out everywhere but here.")
    return redirect("accounts:profile")


@login_required
@never_cache
@require_form
def tokens(request):
    """The secret of a new token is in the answer to the POST and nowhere else."""
    form, secret = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = people.issue_token(user=request.user, **form.cleaned_data)
            form = TokenForm()
        except DomainError as error:
            add_domain_error(form, error)
    context = {
        "form": form,
        "secret": secret,
        "tokens": selectors.list_tokens(request.user),
        "section": "tokens",
        "origin": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "accounts/tokens.html", context)


@login_required
@require_POST
def revoke_token(request, token_id):
    token = selectors.get_token(request.user, token_id)
    people.revoke_token(user=request.user, token=token)
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("accounts:tokens")
