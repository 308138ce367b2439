"""Previous and next on an item's page go through the list that it was opened from, whatever that is sorted by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import find_neighbors, list_items
from tests import vectors
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db
add_items = vectors.add_items
DAYS = [5, None, 3, 5, 1, None, 2]
CELLS = [
    {"price": 3, "city": "Bern"}, {"price": None}, {"price": 12.5}, {"city": "Aarau"}, {"price": 3, "city": "Zug"},
    {"price": "free"}, {},
]  # fmt: skip
LABELS = ["b", "a", None, "b", "a", None, "c"]


@pytest.fixture
def project(owner, add_items):
    project = ProjectFactory(owner=owner, problem_type="tabular_classification")
    items = add_items(project, list(zip(CELLS, LABELS, strict=True)))
    for n, (item, day) in enumerate(zip(items, DAYS, strict=True)):
        Item.objects.filter(pk=item.pk).update(
            event_time=day and datetime(2024, 1, day, tzinfo=UTC), byte_size=n % 3, split="train" if n % 2 else "test"
        )
    return project


@pytest.mark.parametrize("narrowed", [{}, {"split": "test"}])
@pytest.mark.parametrize(
    "sort", ["new", "old", "date", "-date", "label", "size", "col.price", "-col.price", "col.city", "col.gone"]
)
def test_the_neighbors_of_an_item_are_those_of_the_list(project, sort, narrowed):
    filters = ItemFilters.from_query({"sort": sort, **narrowed})
    items = list_items(project, filters).items
    ids = [None, *(item.pk for item in items), None]

    found = [find_neighbors(project, item, filters) for item in items]

    assert len(items) == (4 if narrowed else 7)
    assert found == list(zip(ids[:-2], ids[2:], strict=True))
