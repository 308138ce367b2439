"""A map has every item once, its clusters have names, and its colors are those of now."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.datasets.selectors import list_selected_ids
from lifecycle.embeddings import codec, selectors, services
from lifecycle.embeddings.models import Encoder
from lifecycle.exploration.selectors import Scope
from lifecycle.exploration.services import start_act
from lifecycle.jobs.models import Job
from tests.factories import ProjectFactory


def test_a_map_encodes_lays_out_and_names_its_clusters(rows_project, draw):
    drawn, job = draw(rows_project)

    assert job.state == Job.State.SUCCEEDED, job.error
    points = codec.decode_points(selectors.read_points(drawn))
    assert points.item_ids.tolist() == sorted(drawn.encoder.dataset.items.values_list("pk", flat=True))
    assert {cluster["name"] for cluster in drawn.clusters} == {"crowd 0", "crowd 1", "crowd 2"}
    assert [cluster["size"] for cluster in drawn.clusters] == [100, 100, 100]
    assert np.abs(points.positions).max() < 2


def test_colors_are_those_of_now(rows_project, draw):
    drawn, _ = draw(rows_project)
    rows_project.datasets.get().items.filter(label="crowd 0").update(label="renamed", excluded_at="2026-01-01T00:00Z")

    by_label = selectors.color_points(drawn, "label")
    excluded = selectors.color_points(drawn, "excluded")

    assert {entry["name"] for entry in by_label.legend["entries"]} == {"renamed", "crowd 1", "crowd 2"}
    assert [(e["name"], e["count"]) for e in excluded.legend["entries"]] == [("counts", 200), ("excluded", 100)]


@pytest.mark.parametrize("by", [name for name, _ in selectors.COLORS])
def test_every_coloring_has_one_value_a_point(rows_project, draw, by):
    drawn, _ = draw(rows_project)

    coloring = selectors.color_points(drawn, by)

    assert len(coloring.values) == 300
    legend, values = codec.decode_colors(codec.encode_colors(coloring.legend, coloring.values))
    assert legend["title"]
    assert np.array_equal(values, coloring.values, equal_nan=values.dtype.kind == "f")


def test_excluded_items_are_not_on_the_next_map(rows_project, draw):
    rows_project.datasets.get().items.filter(label="crowd 2").update(excluded_at="2026-01-01T00:00Z")

    drawn, _ = draw(rows_project)

    assert drawn.point_count == 200


def test_a_cluster_becomes_a_selection_and_is_excluded(rows_project, draw, owner):
    drawn, _ = draw(rows_project)
    number = drawn.clusters[0]["number"]

    selection = services.select_cluster(drawn=drawn, number=number, user=owner)
    act = start_act(project=rows_project, user=owner, action="exclude", scope=Scope(selection=selection.pk))

    assert act.changed == drawn.clusters[0]["size"] == len(list_selected_ids(rows_project, selection.pk))
    assert rows_project.datasets.get().items.filter(excluded_at=None).count() == 300 - act.changed
    with pytest.raises(NotFound):
        services.select_cluster(drawn=drawn, number=99, user=owner)
    with pytest.raises(DomainError):
        start_act(project=rows_project, user=owner, action="eat", scope=Scope(selection=selection.pk))


def test_one_map_of_a_kind_is_drawn_at_a_time_and_nonsense_is_refused(rows_project, owner):
    encoder = services.choose_encoder(dataset=rows_project.datasets.get())

    first = services.draw_map(encoder=encoder, user=owner)
    assert services.draw_map(encoder=encoder, user=owner) == first
    with pytest.raises(DomainError):
        services.draw_map(encoder=encoder, user=owner, method="art")
    with pytest.raises(DomainError):
        services.draw_map(encoder=encoder, user=owner, neighbors=1)
    with pytest.raises(Conflict):
        services.delete_encoder(encoder=encoder, user=owner)


def test_a_dataset_without_items_has_no_map(project, owner):
    encoder = services.choose_encoder(dataset=project.datasets.get())

    with pytest.raises(Conflict, match="no items"):
        services.draw_map(encoder=encoder, user=owner)


def test_missing_weights_fail_with_a_sentence(project, add_items, digits, settings, tmp_path, draw):
    settings.PACKAGES_DIR = tmp_path
    add_items(project, digits[:12])

    _, job = draw(project)

    assert job.state == Job.State.FAILED
    assert "not on this machine" in job.error


def test_a_search_waits_for_its_vector_and_is_not_encoded_twice(owner, weights, encode, add_items, run_jobs):
    project = ProjectFactory(owner=owner, problem_type="text_classification")
    texts = ["The acting is wonderful and moving.", "A dull and lifeless film.", "Rain is expected in Bergen.",
             "Snow will fall on the mountains tonight.", ""]  # fmt: skip
    add_items(project, [(text, None) for text in texts])
    encoder, job = encode(project)

    search = services.search_text(dataset=encoder.dataset, encoder=encoder, user=owner, text="  weather   forecast ")
    again = services.search_text(dataset=encoder.dataset, encoder=encoder, user=owner, text="weather forecast")
    assert selectors.list_like_search(search) is None
    run_jobs()
    search = selectors.get_search(project, search.pk)
    found = selectors.list_like_search(search, limit=2)

    assert job.result["unreadable"] == 1
    assert again == search
    assert {neighbor.item.text for neighbor in found} == set(texts[2:4])
    assert Job.objects.filter(kind="search").count() == 1
    with pytest.raises(DomainError):
        services.search_picture(dataset=encoder.dataset, encoder=encoder, user=owner, content=b"x")


def test_a_search_by_picture_finds_that_picture(owner, weights, encode, add_items, digits, run_jobs):
    project = ProjectFactory(owner=owner)
    items = add_items(project, digits[::20])
    encoder, _ = encode(project)

    search = services.search_picture(dataset=encoder.dataset, encoder=encoder, user=owner, content=digits[20][0])
    run_jobs()

    found = selectors.list_like_search(selectors.get_search(project, search.pk), limit=3)
    assert found[0].item == items[1]
    assert found[0].similarity > 0.99


def test_a_search_needs_vectors(project, owner):
    encoder = Encoder.objects.create(dataset=project.datasets.get(), kind=Encoder.Kind.MOBILENET)

    with pytest.raises(Conflict, match="not been encoded"):
        services.search_picture(dataset=encoder.dataset, encoder=encoder, user=owner, content=b"x")


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(
    ids=st.lists(st.integers(0, 2**53 - 1), unique=True, max_size=40).map(sorted),
    data=st.data(),
)
def test_points_survive_their_binary_form(ids, data):
    positions = data.draw(arrays.arrays(np.float32, (len(ids), 2), elements=st.floats(-1e6, 1e6, width=32)))
    clusters = data.draw(arrays.arrays(np.int16, len(ids), elements=st.integers(-1, 32_000)))
    points = codec.Points(np.array(ids, dtype=np.int64), positions, clusters)

    again = codec.decode_points(codec.encode_points(points))

    assert again.item_ids.tolist() == ids
    assert np.array_equal(again.positions, positions)
    assert np.array_equal(again.clusters, clusters)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_other_bytes_are_refused(content):
    try:
        codec.decode_points(content)
    except codec.BadPoints:
        return
    assert content[:4] == codec.POINTS


def test_the_browser_is_tested_with_these_very_bytes():
    """tests/js/map.test.mjs decodes what this side encodes."""
    script = (Path(__file__).resolve().parents[2] / "js" / "map.test.mjs").read_text()
    positions = np.array([[0.5, 0.5], [-0.5, -0.5], [1, 0.125]], np.float32)
    points = codec.Points(np.array([1, 2, 2**21]), positions, np.array([0, -1, 1], np.int16))
    colors = codec.encode_colors({"entries": [{"name": "a", "count": 1}]}, np.array([0, 65535, 0], np.uint16))

    assert base64.b64encode(codec.encode_points(points)).decode() in script
    assert base64.b64encode(colors).decode() in script


def test_cut_off_points_are_refused():
    whole = codec.encode_points(codec.Points(np.arange(5), np.zeros((5, 2), np.float32), np.zeros(5, np.int16)))

    with pytest.raises(codec.BadPoints):
        codec.decode_points(whole[:-20])
    with pytest.raises(codec.BadPoints):
        codec.encode_points(codec.Points(np.array([2**53]), np.zeros((1, 2), np.float32), np.zeros(1, np.int16)))
