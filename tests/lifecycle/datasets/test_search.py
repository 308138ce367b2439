"""Words are searched in whatever an item says or is said of it: texts, cells, labels, groups, files and sources."""

from __future__ import annotations

import pytest

from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.selectors import list_items
from tests import vectors
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db
add_items = vectors.add_items


@pytest.fixture
def fill(owner, add_items):
    def make(problem_type, pairs):
        project = ProjectFactory(owner=owner, problem_type=problem_type)
        return project, add_items(project, pairs)

    return make


def find(project, words):
    found = list_items(project, ItemFilters.from_query({"q": words, "sort": "old"}))
    return [int(item.content_hash, 16) for item in found.items]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zürich", [0]), ("ZÜRICH", [0]), ("12.5", [1]), ('say "hi"', [2]), ("back\\slash", [2]), ("nested", [3]),
        ("true", [3]), ("city", []), ("price", []), ("returned", [1]), ("%", []), ("日本", [3]),
    ],
)  # fmt: skip
def test_rows_are_found_by_their_cells_and_labels_not_by_column_names(fill, words, found):
    project, _ = fill(
        "tabular_classification",
        [
            ({"city": "Zürich", "price": 3}, "kept"),
            ({"city": "Bern", "price": 12.5}, "returned"),
            ({"city": 'say "hi"', "price": "back\\slash"}, None),
            ({"city": ["nested", "日本"], "price": True}, None),
        ],
    )

    assert find(project, words) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [("tabby", [0]), ("CATS/", [0, 1]), ("patient 7", [1]), ("a.example", [2]), ("holiday", [2]), ("dog", [])],
)
def test_pictures_are_found_by_file_address_label_group_and_import(fill, words, found):
    project, items = fill("image_classification", [(b"1", "tabby cat"), (b"2", None), (b"3", "bird")])
    items[0].source_uri, items[1].source_uri, items[1].group = "cats/1.png", "cats/2.png", "Patient 7"
    items[2].source_uri = "https://a.example/birds"
    collection = type(items[2].collection).objects.create(
        dataset=items[2].dataset, title="Holiday pictures", created_by=project.created_by
    )
    items[2].collection = collection
    for item in items:
        item.save()

    assert find(project, words) == found


def test_texts_are_found_by_their_words_and_labels(fill):
    project, _ = fill(
        "text_classification", [("Ein schöner Tag", "weather"), ("rain", "news"), ("the weather", "news")]
    )

    assert find(project, "SCHÖN") == [0]
    assert find(project, "weather") == [0, 2]
    assert find(project, "snow") == []
