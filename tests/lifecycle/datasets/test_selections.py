"""A selection keeps items of its project only, and filters by them."""

from __future__ import annotations

import pytest

from lifecycle.common.errors import DomainError
from lifecycle.datasets import selectors, services
from lifecycle.datasets.filters import ItemFilters
from tests.factories import ItemFactory, ProjectFactory


def test_a_selection_filters_the_items_it_was_made_of(project, owner):
    dataset = project.datasets.get()
    items = [ItemFactory(dataset=dataset) for _ in range(5)]

    kept = services.create_selection(project=project, user=owner, item_ids=[i.pk for i in items[:3]])

    filters = ItemFilters.from_query({"selection": str(kept.pk)})
    assert set(selectors.filter_items(project, filters)) == set(items[:3])
    assert kept.item_count == 3
    assert filters.to_query() == f"selection={kept.pk}"


def test_items_of_another_project_are_left_out_and_its_selections_choose_nothing(project, owner):
    other = ProjectFactory()
    mine, theirs = ItemFactory(dataset=project.datasets.get()), ItemFactory(dataset=other.datasets.get())

    kept = services.create_selection(project=project, user=owner, item_ids=[mine.pk, theirs.pk])

    assert kept.item_count == 1
    assert not selectors.filter_items(other, ItemFilters(selection=kept.pk)).exists()


def test_an_empty_selection_is_refused(project, owner):
    with pytest.raises(DomainError, match="No item was chosen"):
        services.create_selection(project=project, user=owner, item_ids=[12345])
