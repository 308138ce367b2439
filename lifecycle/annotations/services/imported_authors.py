"""Whose the answers are that an import brings: members of the project, or people who have no account here."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from lifecycle.accounts.models import User
from lifecycle.accounts.services.users import open_placeholders
from lifecycle.common.errors import DomainError, Forbidden
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import find_roles

MAX_NAME = 100
MAX_AUTHORS = 1_000  # of one import
SPEAKER = "engineer"  # the least role that may say that somebody else gave an answer


def read_author(said: Any) -> str:
    """Who `completed_by` names: an id, a mail address or a name, as text; empty for nobody."""
    if isinstance(said, Mapping):
        said = said.get("email") or said.get("id") or said.get("username")
    if isinstance(said, bool) or not isinstance(said, int | str):
        return ""
    printable = "".join(sign if sign.isprintable() else " " for sign in str(said))
    return " ".join(printable.split())[:MAX_NAME]


def find_authors(project: Project, user, names: Set[str]) -> dict[str, int]:
    """{name: user id}: a member with this id, mail address or name, the user themselves, or a placeholder of this
    project, which nobody can log in as. Forbidden for others than oneself to who is no engineer of the project.
    """
    if not names:
        return {}
    known = _list_known(project, user, names)
    found = {name: known[name.casefold()] for name in names if name.casefold() in known}
    strangers = {name: _call(project, name) for name in names - found.keys()}
    if set(found.values()) - {user.pk} or strangers:
        _require_speaker(project, user)
    if len(strangers) > MAX_AUTHORS:
        raise DomainError(f"An import names at most {MAX_AUTHORS:,} people who are no members of the project.")
    accounts = open_placeholders(strangers.values())
    return found | {name: accounts[username] for name, username in strangers.items()}


def _list_known(project: Project, user, names: Set[str]) -> dict[str, int]:
    """{id, mail address or name in small letters: user id}; where two people share a word, the id counts."""
    people = [(user.pk, user.email, user.username)]
    people += Membership.objects.filter(project=project).values_list("user", "user__email", "user__username")
    ids = [int(name) for name in names if name.isdecimal() and len(name) < 10]
    placeholders = User.objects.filter(pk__in=ids, is_active=False, username__endswith=_call(project, ""))
    return (
        {username.casefold(): pk for pk, _, username in people}
        | {email.casefold(): pk for pk, email, _ in people if email}
        | {str(pk): pk for pk, _, _ in people}
        | {str(pk): pk for pk in placeholders.values_list("pk", flat=True)}
    )


def _call(project: Project, name: str) -> str:
    """A username that no person can choose, since theirs have neither blanks nor brackets."""
    return f"{name} (imported, project {project.pk})"


def _require_speaker(project: Project, user) -> None:
    role = find_roles(user, [project.pk]).get(project.pk)
    if role is None or not is_allowed(role, SPEAKER):
        raise Forbidden("Only an engineer or owner of the project may bring in answers that other people gave.")
