"""Who gave an answer and when, for those who hold nothing but its id: versions and their differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q

from lifecycle.annotations.models import Annotation
from lifecycle.projects.models import Project

Origin = Annotation.Origin
AUTHOR = "author"  # in Annotation.external of an imported answer: its user is who gave it, not who brought it

# what somebody said themselves, here or in another tool: as SQL over the table `a`, and for querysets
SAID = f"(a.origin = 'human' OR a.origin = 'import' AND a.external ->> '{AUTHOR}' IS NOT NULL)"
IS_SAID = Q(origin=Origin.HUMAN) | Q(origin=Origin.IMPORT, external__has_key=AUTHOR)


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


def count_by_author(firsts: Sequence[int], lasts: Sequence[int]) -> list[tuple[str, str, int]]:
    """(origin, username, answers) of the annotations in these runs of ids, the most first. For ids that a version
    holds: rows are never changed, so that this never does."""
    table, people = Annotation._meta.db_table, get_user_model()._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT origin, username, n FROM (
                    SELECT a.origin, a.user_id, count(*) AS n
                    FROM unnest(%s::bigint[], %s::bigint[]) AS run (first, last)
                    JOIN {table} a ON a.id BETWEEN run.first AND run.last GROUP BY 1, 2) found
                JOIN {people} person ON person.id = found.user_id ORDER BY n DESC, username, origin""",
            [list(firsts), list(lasts)],
        )
        return cursor.fetchall()
