"""A map is colored by anything that is known of its items, in a few queries whatever their number."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from django.utils import timezone

from lifecycle.annotations.models import Annotation, Task
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import NotFound
from lifecycle.contracts.label_interface.values import join_names
from lifecycle.embeddings.codec import NO_CODE, Points, decode_colors, encode_colors, encode_points
from lifecycle.embeddings.models import Encoder, Map
from lifecycle.exploration import selectors
from lifecycle.exploration.models import Finding, ItemFacts, Scan
from lifecycle.exploration.services import act_on_items
from tests import vectors
from tests.factories import ProjectFactory, UserFactory
from tests.lifecycle.datasets.test_import import make_project

pytestmark = pytest.mark.django_db
add_items = vectors.add_items


@pytest.fixture
def mapped(owner, add_items, settings):
    """mapped(contents, problem type) → (map, items): a map with a point for each item, without encoding any."""

    def make(pairs, problem_type="tabular_classification", project=None):
        project = project or ProjectFactory(owner=owner, problem_type=problem_type)
        items = add_items(project, pairs)
        encoder = Encoder.objects.create(dataset=project.datasets.get(), kind="columns", dimension=4)
        count = len(items)
        points = Points(np.array([i.pk for i in items]), np.zeros((count, 2), np.float32), np.zeros(count, np.int16))
        blob = open_blobs(settings.STORAGE_URL).put(encode_points(points))
        drawn = Map.objects.create(encoder=encoder, method="pca", points_blob=blob, point_count=count, created_by=owner)
        return drawn, items

    return make


def read(drawn, by):
    """(legend, values as the browser gets them: names of entries or None, or numbers of the scale)."""
    coloring = selectors.color_points(drawn, by)
    legend, values = decode_colors(encode_colors(coloring.legend, coloring.values))
    if legend["kind"] == "codes":
        return legend, [None if code == NO_CODE else legend["entries"][code]["name"] for code in values.tolist()]
    return legend, [None if np.isnan(value) else round(float(value), 3) for value in values]


def test_numbers_of_a_column_lie_on_a_scale_and_missing_ones_on_none(mapped):
    cells = [0, 5, 10.0, None, "2.5", "many", float(10), True]
    drawn, _ = mapped([({"a b/ü.[x]": cell}, "k") for cell in cells] + [({}, "k")])
    drawn.encoder.dataset.columns = [{"name": "a b/ü.[x]", "kind": "number"}]

    legend, values = read(drawn, "col.a b/ü.[x]")

    assert values == [0, 0.5, 1, None, 0.25, None, 1, 0.1, None]
    assert (legend["low"], legend["high"], legend["nothing_count"]) == (0, 10, 3)
    assert (legend["title"], legend["by"]) == ("a b/ü.[x]", "col.a b/ü.[x]")


def test_one_stray_value_does_not_make_all_others_look_the_same(mapped):
    drawn, _ = mapped([({"a": n}, "k") for n in range(300)] + [({"a": 10**9}, "k"), ({"a": 10**400}, "k")])

    legend, values = read(drawn, "col.a")

    assert (legend["low"], legend["high"]) == (0, 10**9)
    assert legend["to"] < 400 and values[-2:] == [1, None]
    assert 0.6 < values[299] - values[0] <= 1


@pytest.mark.parametrize("cells", [[1e308, -1e308, 0], [7, 7, 7], [None, None, "x"]])
def test_odd_columns_are_colored_all_the_same(mapped, cells):
    drawn, _ = mapped([({"a": cell}, "k") for cell in cells])
    drawn.encoder.dataset.columns = [{"name": "a", "kind": "number"}]

    legend, values = read(drawn, "col.a")

    assert all(value is None or 0 <= value <= 1 for value in values)
    assert legend["nothing_count"] == sum(cell in (None, "x") for cell in cells)


def test_categories_are_codes_and_the_rare_ones_share_the_last(mapped):
    names = [f"city {n:02}" for n in range(60) for _ in range(60 - n)] + [None, ""]
    drawn, _ = mapped([({"city": name, "2020": "x"}, "k") for name in names])

    legend, values = read(drawn, "col.city")

    assert [(e["name"], e["count"]) for e in legend["entries"][:2]] == [("city 00", 60), ("city 01", 59)]
    assert legend["entries"][-1] == {"name": "20 others", "count": sum(range(1, 21))}
    assert values[0] == "city 00" and values[-3:] == ["20 others", None, None]
    assert set(read(drawn, "col.2020")[1]) == {"x"}


def test_a_column_of_dates_is_a_scale_of_time(mapped):
    drawn, _ = mapped([({"day": day}, "k") for day in ("2024-01-01", "2024-01-03T00:00:00+00:00", "2024-02-30", None)])
    drawn.encoder.dataset.columns = [{"name": "day", "kind": "date"}]

    legend, values = read(drawn, "col.day")

    assert legend["is_time"] and legend["low"] == datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    assert values == [0, 1, None, None]


def test_metadata_of_items_color_the_map(mapped, owner):
    drawn, items = mapped([({"a": n}, str(n)) for n in range(4)])
    other = UserFactory()
    for item, user in ((items[0], owner), (items[1], other)):
        task = Task.objects.create(dataset=item.dataset, item=item)
        answer = Annotation.objects.create(task=task, item=item, user=user, value="k")
        Annotation.objects.create(task=task, item=item, user=other, value="old", is_current=False)
        item.label_annotation_id, item.labeled_at = answer.pk, timezone.now()
        item.save()
    items[0].source_uri, items[1].source_uri, items[2].source_uri = "https://a.example/x", "cats/1.png", "3.png"
    items[0].group = "patient 1"
    for item in items:
        item.save()

    assert read(drawn, "annotator")[1] == [owner.username, other.username, None, None]
    assert [value is None for value in read(drawn, "labeled")[1]] == [False, False, True, True]
    assert read(drawn, "site")[1] == ["a.example", "cats", None, None]
    assert read(drawn, "group")[1] == ["patient 1", None, None, None]
    assert read(drawn, "source")[1] == [None] * 4


def test_measures_tags_and_doubts_color_the_map(mapped, owner):
    drawn, items = mapped([("one text", "a"), ("another", "b"), ("third", "a")], "text_classification")
    dataset = drawn.encoder.dataset
    for item, words, language in ((items[0], 2, "en"), (items[1], 1, None)):
        ItemFacts.objects.create(item=item, dataset=dataset, words=words, language=language, is_damaged=words == 1)
    act_on_items(project=dataset.project, user=owner, action="tag", item_ids=[items[2].pk], tag="look again")
    scan = Scan.objects.create(dataset=dataset)
    Finding.objects.create(scan=scan, kind="label_errors", item=items[1], rank=1, score=0.9, reason="x")

    assert read(drawn, "words")[1] == [1, 0, None]
    assert read(drawn, "language")[1] == ["en", None, None]
    assert read(drawn, "is_damaged")[1] == ["no", "yes", None]
    assert read(drawn, "tag.look again")[1] == [None, None, "tagged"]
    assert [value is None for value in read(drawn, "finding.label_errors")[1]] == [True, False, True]
    assert read(drawn, "length")[0]["high"] == 8


def test_one_class_of_several_is_a_color_of_its_own(mapped, owner):
    project = make_project(owner, "text_labelling", ["plot", "cast, crew"])
    drawn, _ = mapped([("a", join_names(["plot", "cast, crew"])), ("b", "plot"), ("c", None)], project=project)

    assert read(drawn, "class.cast, crew")[1] == ["yes", "no", None]
    assert ("class.plot", "plot") in dict(selectors.list_colors(drawn))["Has the class"]


@pytest.mark.parametrize("problem_type", ["tabular_classification", "text_classification", "image_classification"])
def test_everything_that_is_offered_colors_the_map_in_a_few_queries(
    mapped, problem_type, django_assert_max_num_queries
):
    content = {"tabular_classification": {"a": 1, "b": "x"}, "text_classification": "words"}.get(problem_type, b"bytes")
    drawn, items = mapped([(content, "k")] * 2, problem_type)
    Scan.objects.create(dataset=drawn.encoder.dataset)

    with django_assert_max_num_queries(8):
        offered = [(by, title) for _, group in selectors.list_colors(drawn) for by, title in group]

    for by, title in offered:
        with django_assert_max_num_queries(6):
            coloring = selectors.color_points(drawn, by)
        assert len(coloring.values) == len(items) and coloring.legend["title"], (by, title)


@pytest.mark.parametrize(
    "by", ["smell", "", "col.", "width", "class.k", "tag.none", "finding.none", "col.a\0", "words"]
)
def test_what_items_do_not_have_is_not_found(mapped, by):
    drawn, _ = mapped([({"a": 1}, "k")])

    if by == "col.":
        assert read(drawn, by)[1] == [None]  # a column may have any name, and no item need have it
    else:
        with pytest.raises(NotFound):
            selectors.color_points(drawn, by)


def test_the_dates_of_items_lie_on_a_scale_of_time(mapped):
    drawn, items = mapped([({"a": n}, "k") for n in range(3)])
    for item, day in zip(items, (1, 3, None), strict=True):
        item.event_time = day and datetime(2024, 5, day, tzinfo=UTC)
        item.save(update_fields=["event_time"])

    legend, values = read(drawn, "date")

    assert (values, legend["is_time"], legend["title"]) == ([0, 1, None], True, "Date of the item")
