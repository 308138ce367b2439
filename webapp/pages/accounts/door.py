"""The ways in and out: login, logout, a forgotten password, an invitation."""

from __future__ import annotations

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.accounts.services.users import get_by_reset
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.jobs.mail import request_password_reset
from lifecycle.projects import invitations, people
from webapp.pages.accounts.forms import LoginForm, PasswordSetForm, ResetRequestForm, SignUpForm, add_domain_error
from webapp.requests import client_address, next_url

require_form = require_http_methods(["GET", "HEAD", "POST"])


@sensitive_post_parameters("password")
@never_cache
@require_form
def login(request):
    """The session gets a new key, so that one planted before the login is worth nothing."""
    target = next_url(request, settings.LOGIN_REDIRECT_URL)
    if request.user.is_authenticated:
        return redirect(target)
    form, status = LoginForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            user = people.log_in(address=client_address(request), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            auth.login(request, user)
            return redirect(target)
    return render(request, "accounts/login.html", {"form": form, "next": request.GET.get("next", "")}, status=status)


@login_required
@require_POST
def logout(request):
    people.log_out(user=request.user)
    auth.logout(request)
    return redirect("accounts:login")


@never_cache
@require_form
def password_reset(request):
    form, status = ResetRequestForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            request_password_reset(email=form.cleaned_data["email"], address=client_address(request))
            return redirect("accounts:password-reset-sent")
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
    return render(request, "accounts/password_reset.html", {"form": form}, status=status)


@require_GET
def password_reset_sent(request):
    return render(request, "accounts/password_reset_sent.html")


@sensitive_post_parameters()
@never_cache
@require_form
def password_reset_confirm(request, uid, token):
    try:
        person = get_by_reset(uid, token)
    except NotFound as error:
        return render(request, "accounts/link_gone.html", {"error": error}, status=404)
    form = PasswordSetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            people.reset_password(uid=uid, token=token, new=form.cleaned_data["new"])
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, "Your new password is set. Log in with it.")
            return redirect("accounts:login")
    return render(request, "accounts/password_set.html", {"form": form, "person": person})


@sensitive_post_parameters()
@never_cache
@require_form
def invitation(request, secret):
    """A stranger signs up, a person with an account joins with one click."""
    try:
        invited = invitations.get_by_secret(secret)
    except NotFound as error:
        return render(request, "accounts/link_gone.html", {"error": error}, status=404)
    if request.user.is_authenticated:
        return _join(request, secret, invited)
    form = SignUpForm(request.POST or None, initial={"email": invited.email})
    if request.method == "POST" and form.is_valid():
        try:
            values = form.cleaned_data
            user = invitations.sign_up(
                secret=secret, username=values["username"], email=values["email"], password=values["new"]
            )
        except DomainError as error:
            error.fields = {"new" if name == "password" else name: text for name, text in error.fields.items()}
            add_domain_error(form, error)
        else:
            auth.login(request, user)
            return redirect(_goal(invited))
    return render(request, "accounts/invitation.html", {"form": form, "invitation": invited})


def _join(request, secret, invited):
    if request.method == "POST":
        invitations.accept(secret=secret, user=request.user)
        return redirect(_goal(invited))
    return render(request, "accounts/invitation.html", {"form": None, "invitation": invited})


def _goal(invited) -> str:
    return f"/projects/{invited.project.slug}/" if invited.project else reverse(settings.LOGIN_REDIRECT_URL)
