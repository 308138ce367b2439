"""Invitations by link: into a project with a role, or onto the site; single use, expiring, revocable."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.accounts.services import users
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.contracts.tokens import generate_token, hash_token
from lifecycle.projects import rules
from lifecycle.projects.models import Invitation, Membership, Project
from lifecycle.projects.selectors import find_role
from lifecycle.projects.services import record_event

MAX_DAYS = 90
GONE = "This invitation is used, withdrawn or too old. Ask the person who sent it for a new one."


@transaction.atomic
def create(
    *, invited_by: User, project: Project | None = None, role: str = "", email: str = "", days: int = 7
) -> tuple[Invitation, str]:
    """An invitation and the secret of its link, which is shown once. Without a project it opens the site only."""
    if project is not None and role not in Membership.Role.values:
        raise DomainError("Choose a role for the new member.", fields={"role": "Choose one of the roles."})
    if not 1 <= days <= MAX_DAYS:
        sentence = f"An invitation lasts between 1 and {MAX_DAYS} days."
        raise DomainError(sentence, fields={"days": sentence})
    secret = generate_token()
    invitation = Invitation.objects.create(
        project=project,
        role=role if project else "",
        email=email.strip(),
        token_hash=hash_token(secret),
        invited_by=invited_by,
        expires_at=timezone.now() + timedelta(days=days),
    )
    whom = email or "someone"
    goal = f"as {role}" if project else "to the site"
    _note(invitation, invited_by, "invitation.created", f"{invited_by.username} invited {whom} {goal}")
    return invitation, secret


def list_open(project: Project | None) -> QuerySet[Invitation]:
    """Invitations that still work, of one project or (None) of the site, the newest first."""
    return (
        Invitation.objects.select_related("invited_by")
        .filter(project=project, accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
        .order_by("-pk")
    )


def get(project: Project | None, invitation_id: int) -> Invitation:
    invitation = Invitation.objects.filter(project=project, pk=invitation_id).first()
    if invitation is None:
        raise NotFound("There is no such invitation.")
    return invitation


def get_by_secret(secret: str, *, locked: bool = False) -> Invitation:
    """The invitation behind a link. Raises NotFound when it no longer works, whatever the reason.

    It stops working too when the person who sent it may no longer invite: a removed owner leaves no open door.
    """
    found = Invitation.objects.select_related("project", "invited_by")
    found = found.select_for_update(of=("self",)) if locked else found
    now = timezone.now()
    invitation = found.filter(
        token_hash=hash_token(secret), accepted_at=None, revoked_at=None, expires_at__gt=now
    ).first()
    if invitation is None or not _may_invite(invitation.invited_by, invitation.project):
        raise NotFound(GONE)
    return invitation


@transaction.atomic
def revoke(*, invitation: Invitation, user: User) -> Invitation:
    if invitation.accepted_at is not None or invitation.revoked_at is not None:
        raise Conflict("This invitation is used or withdrawn already.")
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at", "updated_at"])
    _note(invitation, user, "invitation.revoked", f"{user.username} withdrew an invitation")
    return invitation


@transaction.atomic
def accept(*, secret: str, user: User) -> Invitation:
    """A person who has an account joins. A member keeps the higher of the two roles."""
    invitation = get_by_secret(secret, locked=True)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by", "updated_at"])
    if invitation.project is not None:
        _join(invitation.project, user, invitation.role)
    _note(invitation, user, "invitation.accepted", f"{user.username} accepted an invitation")
    return invitation


@transaction.atomic
def sign_up(*, secret: str, username: str, email: str, password: str) -> User:
    """A new person, member of the invitation's project if it has one."""
    get_by_secret(secret, locked=True)
    user = users.create(username=username, email=email, password=password)
    accept(secret=secret, user=user)
    return user


def _join(project: Project, user: User, role: str) -> None:
    membership, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
    if not is_new and rules.ROLE_RANKS[membership.role] < rules.ROLE_RANKS[role]:
        membership.role = role
        membership.save(update_fields=["role", "updated_at"])


def _may_invite(user: User, project: Project | None) -> bool:
    if project is None:
        return user.is_active and user.is_superuser
    return project.archived_at is None and find_role(user, project) == Membership.Role.OWNER


def _note(invitation: Invitation, actor: User, verb: str, summary: str) -> None:
    record_event(
        project=invitation.project,
        actor=actor,
        verb=verb,
        summary=summary,
        object_type="invitation",
        object_id=invitation.pk,
    )
