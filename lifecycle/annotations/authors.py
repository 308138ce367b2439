"""Who gave an answer and when, for those who hold nothing but its id: versions and their differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lifecycle.annotations.models import Annotation
from lifecycle.projects.models import Project


@dataclass(frozen=True)
class Author:
    """`is_import`: the label came with data that this person brought in."""

    username: str
    at: datetime
    is_import: bool


def find_authors(project: Project, annotation_ids: Iterable[int | None]) -> dict[int, Author]:
    """annotation id -> who and when, of one project."""
    wanted = {pk for pk in annotation_ids if pk is not None}
    found = Annotation.objects.filter(task__dataset__project=project, pk__in=wanted)
    rows = found.values_list("pk", "user__username", "created_at", "origin")
    return {pk: Author(name, at, origin == Annotation.Origin.IMPORT) for pk, name, at, origin in rows}
