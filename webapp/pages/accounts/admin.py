"""The site admin's pages: people, invitations to the site, the audit trail."""

from __future__ import annotations

from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from lifecycle.accounts import selectors
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.projects import audit as trail
from lifecycle.projects import invitations, people
from webapp.pages.accounts.forms import InvitationForm

EVENTS_PER_PAGE = 100


def admin_required(view):
    """For others the page does not exist."""

    @login_required
    @wraps(view)
    def checked(request, *args, **kwargs):
        if not request.user.is_superuser:
            raise NotFound("There is no such page.")
        return view(request, *args, **kwargs)

    return checked


@admin_required
@require_GET
def users(request):
    return _render_users(request)


def _render_users(request, **more):
    filters = {name: request.GET.get(name, "").strip() for name in ("search", "state", "order")}
    people_found = selectors.list_users(**{name: value for name, value in filters.items() if value})
    context = {
        "section": "users",
        "page": Paginator(people_found, 50).get_page(request.GET.get("page")),
        "filters": filters,
        "invitations": invitations.list_open(None),
        "form": InvitationForm(),
    }
    return render(request, "accounts/users.html", context | more)


@admin_required
@require_POST
def set_active(request, user_id):
    user, wanted = selectors.get_user(user_id), request.POST.get("is_active") == "true"
    sentence = f"{user.username} can log in again." if wanted else f"{user.username} can no longer log in."
    return _act(request, sentence, people.set_active, user=user, is_active=wanted)


@admin_required
@require_POST
def set_admin(request, user_id):
    user, wanted = selectors.get_user(user_id), request.POST.get("is_admin") == "true"
    sentence = f"{user.username} is now a site admin." if wanted else f"{user.username} is no longer a site admin."
    return _act(request, sentence, people.set_admin, user=user, is_admin=wanted)


def _act(request, sentence: str, verb, **values):
    try:
        verb(admin=request.user, **values)
        messages.success(request, sentence)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("accounts:users")


@admin_required
@never_cache
@require_POST
def reset_link(request, user_id):
    user = selectors.get_user(user_id)
    try:
        uid, token = people.make_reset_link(admin=request.user, user=user)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("accounts:users")
    link = request.build_absolute_uri(reverse("accounts:password-reset-confirm", args=[uid, token]))
    sentence = f"Send this link to {user.username}. It sets a new password, once, within 24 hours."
    return _render_users(request, link=link, link_sentence=sentence)


@admin_required
@never_cache
@require_POST
def invite(request):
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _render_users(request, form=form)
    _, secret = invitations.create(invited_by=request.user, **form.cleaned_data)
    link = request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))
    sentence = "Send this link to the person you invite. It works once, and is shown only now."
    return _render_users(request, link=link, link_sentence=sentence)


@admin_required
@require_POST
def revoke_invitation(request, invitation_id):
    invitation = invitations.get(None, invitation_id)
    try:
        invitations.revoke(invitation=invitation, user=request.user)
        messages.success(request, "The invitation no longer works.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("accounts:users")


@admin_required
@require_GET
def audit(request):
    """Newest first; ``?before=<id>`` shows the older ones, at the same cost however far back."""
    filters = {name: request.GET.get(name, "").strip() for name in ("project", "actor", "verb", "search")}
    events = trail.list_events(**filters)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        events = events.filter(pk__lt=int(before))
    rows = list(events[: EVENTS_PER_PAGE + 1])
    context = {
        "section": "audit",
        "events": rows[:EVENTS_PER_PAGE],
        "older": rows[EVENTS_PER_PAGE - 1].pk if len(rows) > EVENTS_PER_PAGE else None,
        "filters": filters,
        "verbs": trail.list_recent_verbs(),
    }
    return render(request, "accounts/audit.html", context)
