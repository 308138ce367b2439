"""Pictures of this installation behind addresses and file names, as far as somebody may read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from django.db import connection

from lifecycle.annotations.external_payloads import PICTURES
from lifecycle.annotations.services.external_tasks import Picture
from lifecycle.common.errors import DomainError
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project
from lifecycle.projects.selectors import get_project

ADDRESS = re.compile(re.escape(PICTURES) + r"(?P<slug>[-\w]+)/(?P<blob>[0-9a-f]{64})$")
EXPORTED = re.compile(r"(?P<item>\d{1,18})_(?P<hash>[0-9a-f]{8})$")
_COLUMNS = ("blob", "width", "height", "mime", "byte_size")
_NAMED = """
SELECT regexp_replace(regexp_replace(i.source_uri, '^.*[/!#]', ''), '[.][^.]*$', ''), i.blob, i.width, i.height, i.mime,
       i.byte_size
FROM datasets_item i
WHERE i.dataset_id = ANY(%s) AND i.blob <> ''
  AND regexp_replace(regexp_replace(i.source_uri, '^.*[/!#]', ''), '[.][^.]*$', '') = ANY(%s)
ORDER BY i.id
"""


def find_pictures(user) -> Callable[[Iterable[str]], dict[str, Picture]]:
    """find(addresses) gives the pictures of this installation behind them, as far as the user may read them."""

    def find(addresses: Iterable[str]) -> dict[str, Picture]:
        wanted: dict[str, dict[str, str]] = {}
        for address in addresses:
            path = address.partition("://")[2].partition("/")[2] if "://" in address else address.lstrip("/")
            if match := ADDRESS.match(f"/{path}"):
                wanted.setdefault(match["slug"], {})[match["blob"]] = address
        found: dict[str, Picture] = {}
        for slug, blobs in wanted.items():
            found |= _find_in(user, slug, blobs)
        return found

    return find


def _find_in(user, slug: str, blobs: dict[str, str]) -> dict[str, Picture]:
    try:
        project = get_project(user, slug, role="reviewer")
    except DomainError:
        return {}
    items = Item.objects.filter(dataset__project=project, blob__in=list(blobs)).values_list(*_COLUMNS)
    return {blobs[row[0]]: Picture(*row) for row in items}


def find_by_name(project: Project, names: Sequence[str]) -> dict[str, Picture]:
    """{name: picture of the project that is called so}: as an export called it, or as it was uploaded."""
    stems = {name: PurePosixPath(name.replace("\\", "/")).stem for name in names}
    exported = {name: EXPORTED.match(stem) for name, stem in stems.items()}
    numbers = [int(match["item"]) for match in exported.values() if match]
    rows = Item.objects.filter(dataset__project=project, pk__in=numbers).exclude(blob="")
    known = {
        (pk, digest[:8]): Picture(*rest) for pk, digest, *rest in rows.values_list("pk", "content_hash", *_COLUMNS)
    }
    found = {
        name: known[int(match["item"]), match["hash"]]
        for name, match in exported.items()
        if match and (int(match["item"]), match["hash"]) in known
    }
    rest = {stem: name for name, stem in stems.items() if name not in found and stem}
    return found | _find_uploaded(project, rest)


def find_of_tasks(project: Project, task_ids: Sequence[int]) -> dict[int, Picture]:
    """{task id: its picture}."""
    items = Item.objects.filter(dataset__project=project, task__in=list(task_ids)).exclude(blob="")
    return {pk: Picture(*rest) for pk, *rest in items.values_list("task", *_COLUMNS)}


def _find_uploaded(project: Project, names: dict[str, str]) -> dict[str, Picture]:
    if not names:
        return {}
    datasets = list(project.datasets.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [datasets, list(names)])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return {names[stem]: Picture(*rest) for stem, *rest in rows}
