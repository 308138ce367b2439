"""Counts beside the gallery's filters: of a large dataset they may be some seconds old."""

from __future__ import annotations

from django.core.cache import cache

from lifecycle.datasets import selectors
from lifecycle.datasets.models import Dataset
from lifecycle.datasets.selectors import Facets
from lifecycle.projects.models import Project

LARGE = 50_000  # items from which counting costs more than the rest of the page
SECONDS = 15


def recall_facets(dataset: Dataset) -> Facets:
    """The counts, fresh for small datasets."""
    known = cache.get(_key(dataset.project))
    if isinstance(known, Facets):
        return known
    facets = selectors.count_facets(dataset)
    if facets.total >= LARGE:
        cache.set(_key(dataset.project), facets, SECONDS)
    return facets


def forget_facets(project: Project) -> None:
    """Count anew on the next page: somebody has just changed items and looks at the outcome."""
    cache.delete(_key(project))


def _key(project: Project) -> str:
    return f"item-facets:{project.pk}"
