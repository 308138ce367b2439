"""A project's own life: created, renamed, archived, restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from lifecycle.accounts.models import User
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import list_problem_types
from lifecycle.projects import rules
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.services.charters import write_charter
from lifecycle.projects.services.events import record_event

MAX_SLUG = 60


@transaction.atomic
def create(*, user: User, name: str, problem_type: str, charter: Mapping[str, Any], slug: str = "") -> Project:
    """A project with the first version of its charter; its creator is its first owner.

    An empty `slug` is made from the name; a wished one that is taken is a Conflict. `charter` holds the fields of
    projects.Charter that people write.
    """
    name = _clean_name(name)
    if problem_type not in {problem.key for problem in list_problem_types()}:
        raise DomainError("Choose a problem type.", fields={"problem_type": "Choose one of the problem types."})
    answers = rules.clean_charter(problem_type, charter)
    project = Project.objects.create(
        slug=_choose_slug(name, slug), name=name, problem_type=problem_type, created_by=user
    )
    Membership.objects.create(project=project, user=user, role=Membership.Role.OWNER)
    write_charter(project=project, user=user, answers=answers)
    _note(project, user, "project.created", f"{user.username} created the project {name}")
    return project


@transaction.atomic
def rename(*, project: Project, user: User, name: str) -> Project:
    """A new name; the address (slug) stays, so that links keep working."""
    name = _clean_name(name)
    if name != project.name:
        old, project.name = project.name, name
        project.save(update_fields=["name", "updated_at"])
        _note(project, user, "project.renamed", f"{user.username} renamed {old} to {name}")
    return project


@transaction.atomic
def archive(*, project: Project, user: User) -> Project:
    """Put away: it can be read, nothing in it changes. Nothing is deleted."""
    if project.archived_at is not None:
        raise Conflict(f"{project.name} is archived already.")
    project.archived_at = timezone.now()
    project.save(update_fields=["archived_at", "updated_at"])
    _note(project, user, "project.archived", f"{user.username} archived {project.name}")
    return project


@transaction.atomic
def restore(*, project: Project, user: User) -> Project:
    """Take an archived project up again."""
    if project.archived_at is None:
        raise Conflict(f"{project.name} is not archived.")
    project.archived_at = None
    project.save(update_fields=["archived_at", "updated_at"])
    _note(project, user, "project.restored", f"{user.username} restored {project.name}")
    return project


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise DomainError("A project needs a name.", fields={"name": "Give it a name."})
    if len(name) > 120:
        raise DomainError("This name is too long.", fields={"name": "At most 120 characters."})
    return name


def _choose_slug(name: str, wished: str) -> str:
    """The wished address, or the first free one of name, name-2, name-3 …"""
    if wished:
        if wished != slugify(wished) or len(wished) > MAX_SLUG or wished in rules.RESERVED_SLUGS:
            raise DomainError("This address does not work.", fields={"slug": "Small letters, digits and dashes."})
        if Project.objects.filter(slug=wished).exists():
            raise Conflict(f"There is a project with the address {wished} already.", fields={"slug": "This is taken."})
        return wished
    stem = slugify(name)[: MAX_SLUG - 6].strip("-") or "project"
    taken = set(Project.objects.filter(slug__startswith=stem).values_list("slug", flat=True)) | rules.RESERVED_SLUGS
    number, slug = 1, stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


def _note(project: Project, user: User, verb: str, summary: str) -> None:
    record_event(project=project, actor=user, verb=verb, summary=summary, object_type="project", object_id=project.slug)
