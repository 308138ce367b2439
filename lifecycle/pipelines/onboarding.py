"""A new project with what its rooms need from the start: its charter, its dataset, its label schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from lifecycle.accounts.models import User
from lifecycle.annotations.services import create_schema
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.services import create_dataset
from lifecycle.projects import services as projects
from lifecycle.projects.models import Project


@transaction.atomic
def create_project(
    *,
    user: User,
    name: str,
    problem_type: str,
    charter: Mapping[str, Any],
    classes: Sequence[str] = (),
    slug: str = "",
) -> Project:
    """Everything or nothing. `classes` may stay empty: they come with the first import then."""
    project = projects.create(user=user, name=name, problem_type=problem_type, charter=charter, slug=slug)
    create_dataset(project=project)
    if classes or get_problem_type(problem_type).label_kind == LabelKind.NUMBER:
        create_schema(project=project, classes=classes, created_by=user)
    return project
