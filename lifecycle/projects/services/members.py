"""Who belongs to a project, with which role; a project always keeps an owner."""

from __future__ import annotations

from django.db import transaction

from lifecycle.accounts.models import User
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.services.events import record_event

LAST_OWNER = "A project keeps at least one owner. Make somebody else an owner first."


@transaction.atomic
def add_member(*, project: Project, actor: User, user: User, role: str) -> Membership:
    """A person with an account becomes a member at once."""
    _check_role(role)
    if not user.is_active:
        raise DomainError(f"The account {user.username} is not active.", fields={"username": "Not active."})
    membership, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
    if not is_new:
        raise Conflict(f"{user.username} is a member already.", fields={"username": "A member already."})
    _note(project, actor, user, "member.added", f"{actor.username} added {user.username} as {role}", role)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, actor: User, role: str) -> Membership:
    """Give a member another role."""
    _check_role(role)
    _lock_owners(membership)
    membership.refresh_from_db()
    if membership.role == role:
        return membership
    if membership.role == Membership.Role.OWNER:
        _require_other_owner(membership)
    membership.role = role
    membership.save(update_fields=["role", "updated_at"])
    user = membership.user
    summary = f"{actor.username} made {user.username} {role}"
    _note(membership.project, actor, user, "member.changed", summary, role)
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, actor: User) -> None:
    """End a membership; what the person did stays."""
    _lock_owners(membership)
    if membership.role == Membership.Role.OWNER:
        _require_other_owner(membership)
    project, user = membership.project, membership.user
    membership.delete()
    text = f"{user.username} left" if user == actor else f"{actor.username} removed {user.username}"
    _note(project, actor, user, "member.removed", text, "")


def _check_role(role: str) -> None:
    if role not in Membership.Role.values:
        raise DomainError("Choose a role.", fields={"role": "Choose one of the roles."})


def _lock_owners(membership: Membership) -> None:
    """Two owners who remove each other at once are asked one after the other."""
    Project.objects.select_for_update().get(pk=membership.project_id)


def _require_other_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(
        project=membership.project_id, role=Membership.Role.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)
    if not owners.exists():
        raise Conflict(LAST_OWNER)


def _note(project: Project, actor: User, user: User, verb: str, summary: str, role: str) -> None:
    record_event(
        project=project,
        actor=actor,
        verb=verb,
        summary=summary,
        object_type="user",
        object_id=user.pk,
        details={"role": role} if role else {},
    )
