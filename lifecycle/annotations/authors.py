"""Who gave an answer and when, for those who hold nothing but its id: versions and their differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lifecycle.annotations.models import Annotation
from lifecycle.projects.models import Project

Origin = Annotation.Origin


@dataclass(frozen=True)
class Author:
    """`is_import`: the label came with data that this person brought in; `is_consensus`: they had it worked out."""

    username: str
    at: datetime
    is_import: bool
    is_consensus: bool = False


def find_authors(project: Project, annotation_ids: Iterable[int | None]) -> dict[int, Author]:
    """annotation id -> who and when, of one project."""
    wanted = {pk for pk in annotation_ids if pk is not None}
    found = Annotation.objects.filter(task__dataset__project=project, pk__in=wanted)
    rows = found.values_list("pk", "user__username", "created_at", "origin")
    return {pk: Author(name, at, origin == Origin.IMPORT, origin == Origin.CONSENSUS) for pk, name, at, origin in rows}
