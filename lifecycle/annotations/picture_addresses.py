"""Pictures of this installation behind addresses and file names, as far as somebody may read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from lifecycle.annotations.external_payloads import PICTURES
from lifecycle.annotations.services.external_tasks import Picture
from lifecycle.common.errors import DomainError
from lifecycle.contracts.file_names import find_closest, list_stems, read_item
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project
from lifecycle.projects.selectors import get_project

ADDRESS = re.compile(re.escape(PICTURES) + r"(?P<slug>[-\w]+)/(?P<blob>[0-9a-f]{64})(?:/[^/]*)?$")
_COLUMNS = ("blob", "width", "height", "mime", "byte_size")
_STEM = "regexp_replace(regexp_replace(i.source_uri, '^.*[/!#]', ''), '[.][^.]*$', '')"
_NAMED = f"""
SELECT {_STEM}, i.source_uri, i.blob, i.width, i.height, i.mime, i.byte_size
FROM datasets_item i
WHERE i.dataset_id = ANY(%s) AND i.blob <> '' AND i.excluded_at IS NULL AND {_STEM} = ANY(%s)
ORDER BY i.id
"""


def find_pictures(user) -> Callable[[Iterable[str]], dict[str, Picture]]:
    """find(addresses) gives the pictures of this installation behind them, as far as the user may read them."""

    def find(addresses: Iterable[str]) -> dict[str, Picture]:
        wanted: dict[str, dict[str, list[str]]] = {}
        for address in addresses:
            path = address.partition("://")[2].partition("/")[2] if "://" in address else address.lstrip("/")
            if match := ADDRESS.match(f"/{path}"):
                wanted.setdefault(match["slug"], {}).setdefault(match["blob"], []).append(address)
        found: dict[str, Picture] = {}
        for slug, blobs in wanted.items():
            found |= _find_in(user, slug, blobs)
        return found

    return find


def _find_in(user, slug: str, blobs: Mapping[str, Sequence[str]]) -> dict[str, Picture]:
    try:
        project = get_project(user, slug, role="reviewer")
    except DomainError:
        return {}
    items = Item.objects.filter(dataset__project=project, blob__in=list(blobs)).values_list(*_COLUMNS)
    return {address: Picture(*row) for row in items for address in blobs[row[0]]}


def find_by_name(project: Project, names: Sequence[str]) -> tuple[dict[str, Picture], dict[str, str]]:
    """({name: picture of the project that is called so}, {name: why it is not known which}): as an export called it, or
    as it was uploaded, by its file's name and the folders that the name tells."""
    stems = {name: list_stems(name) for name in names}
    exported = {name: own for name, found in stems.items() if found and (own := read_item(found[0]))}
    rows = Item.objects.filter(dataset__project=project, pk__in=[pk for pk, _ in exported.values()]).exclude(blob="")
    known = {
        (pk, digest[:8]): Picture(*rest) for pk, digest, *rest in rows.values_list("pk", "content_hash", *_COLUMNS)
    }
    found = {name: known[own] for name, own in exported.items() if own in known}
    uploaded, unclear = _find_uploaded(project, {name: said for name, said in stems.items() if name not in found})
    return found | uploaded, unclear


def find_of_tasks(project: Project, task_ids: Sequence[int]) -> dict[int, Picture]:
    """{task id: its picture}."""
    items = Item.objects.filter(dataset__project=project, task__in=list(task_ids)).exclude(blob="")
    return {pk: Picture(*rest) for pk, *rest in items.values_list("task", *_COLUMNS)}


def _find_uploaded(project: Project, stems: Mapping[str, Sequence[str]]) -> tuple[dict[str, Picture], dict[str, str]]:
    if not stems:
        return {}, {}
    datasets = list(project.datasets.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [datasets, sorted({stem for said in stems.values() for stem in said})])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    called: dict[str, dict[str, Picture]] = {}  # of a place that was uploaded twice, the newer
    for stem, place, *rest in rows:
        called.setdefault(stem, {})[place] = Picture(*rest)
    found, unclear = {}, {}
    for name, said in stems.items():
        places = next((called[stem] for stem in said if stem in called), {})
        closest = find_closest(name, places)
        if len({places[place].blob for place in closest}) == 1:
            found[name] = places[closest[-1]]
        elif closest:
            unclear[name] = f"may be any of {len(closest)} pictures, such as {closest[0][:80]} and {closest[1][:80]}"
    return found, unclear
