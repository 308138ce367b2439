"""Maps and their points, through their project."""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import NotFound
from lifecycle.datasets.selectors.collections import get_one
from lifecycle.embeddings.codec import Points, decode_points
from lifecycle.embeddings.models import Map
from lifecycle.projects.models import Project

RELATED = ("encoder__dataset__project", "encoder__model_version__model", "job", "created_by")


def list_maps(project: Project) -> QuerySet[Map]:
    """Newest first, those still being drawn included."""
    return Map.objects.filter(encoder__dataset__project=project).select_related(*RELATED)


def get_map(project: Project, map_id: int) -> Map:
    return get_one(list_maps(project), map_id, "map")


def find_map(project: Project) -> Map | None:
    """The newest that can be looked at."""
    return list_maps(project).exclude(points_blob="").first()


def load_map(map_id: int) -> Map:
    """For a job, which was authorized when it was made."""
    return Map.objects.select_related(*RELATED, "encoder__model_version__artifact").get(pk=map_id)


def read_points(drawn: Map) -> bytes:
    """The points as the browser reads them (see `embeddings.codec`); NotFound while the map is being drawn."""
    if not drawn.points_blob:
        raise NotFound("This map is not drawn yet.")
    return open_blobs(settings.STORAGE_URL).get(drawn.points_blob)


def load_points(drawn: Map) -> Points:
    """The points as arrays."""
    return decode_points(read_points(drawn))
