"""Reads on projects; the getter loads and authorizes in one call, so that no view can forget."""

from __future__ import annotations

from lifecycle.common.errors import Forbidden, NotFound
from lifecycle.projects import rules
from lifecycle.projects.models import Membership, Project


def get_project(user, slug: str, *, role: str = "viewer") -> Project:
    """The project, for a member with at least `role`; `project.role` is the role held.

    Raises NotFound for a stranger, so that nobody learns which projects exist, and Forbidden for a member below `role`.
    """
    project = Project.objects.filter(slug=slug).first()
    held = find_role(user, project) if project else None
    if project is None or held is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    if not rules.is_allowed(held, role):
        raise Forbidden(f"This needs the role “{role}” in the project; yours is “{held}”.")
    project.role = held
    return project


def find_role(user, project: Project) -> str | None:
    """The role of a user in a project: owner for site admins, None for strangers and inactive accounts."""
    if not user.is_authenticated or not user.is_active:
        return None
    if user.is_superuser:
        return Membership.Role.OWNER
    return Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first()
