"""Regions and spans go out of a version in the layouts of other tools, and come back the same."""

from __future__ import annotations

import json

import pytest

from lifecycle.annotations.models import Annotation
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import find_latest_version
from tests.lifecycle.datasets.test_drawn_labels import pictures
from tests.lifecycle.datasets.test_import import bring, make_project, png, zip_of
from tests.lifecycle.datasets.test_version_life import export
from tests.lifecycle.datasets.test_versions import commit

pytestmark = pytest.mark.django_db
CONLL = "-DOCSTART- O\n\nAnna B-PER\nLee I-PER\nlives O\nin O\nOslo B-LOC\n\nNothing O\nhere O\n"


def say(project) -> dict[str, tuple[str, str, list]]:
    """What is known of each item by its content: split, label, and the regions rounded."""
    found = {}
    for item in Item.objects.filter(dataset__project=project):
        drawn = Annotation.objects.filter(pk=item.label_annotation_id).first()
        regions = [(region["type"], _round(region["value"])) for region in drawn.result] if drawn else []
        found[item.content_hash] = (item.split, item.label, sorted(regions, key=json.dumps))
    return found


def _round(value: dict) -> dict:
    return {name: round(number, 3) if isinstance(number, float) else number for name, number in value.items()}


@pytest.mark.parametrize("layout", ["coco", "yolo", "voc"])
def test_boxes_survive_a_commit_an_export_and_an_import(layout, owner, run_jobs):
    first = make_project(owner, "object_detection")
    bring(first, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]), (2, [20, 20, 10, 10]))}, run_jobs)
    Item.objects.filter(dataset__project=first, label=None).update(split="validation")
    commit(first, owner, run_jobs)
    version = find_latest_version(first)

    content = export(version, owner, run_jobs, layout)
    second = make_project(owner, "object_detection")
    bring(second, owner, {"out.zip": content}, run_jobs)

    before, after = say(first), say(second)
    assert before.keys() == after.keys() and len(before) == 2
    for key, (split, label, regions) in before.items():
        assert after[key][0] == split and after[key][2] == regions
        assert (
            after[key][1] == label or label is None and after[key][1] == "(nothing)"
        )  # these layouts know no “not yet”


def test_spans_survive_a_commit_an_export_and_an_import(owner, run_jobs):
    first = make_project(owner, "span_labelling")
    bring(first, owner, {"news.conll": CONLL.encode()}, run_jobs)
    commit(first, owner, run_jobs)
    version = find_latest_version(first)

    content = export(version, owner, run_jobs, "conll")
    second = make_project(owner, "span_labelling")
    bring(second, owner, {"out.zip": content}, run_jobs)

    assert say(first) == say(second) and len(say(first)) >= 2


def read_moments(project) -> dict[str, str]:
    """What moment each item is of, by its content."""
    found = Item.objects.filter(dataset__project=project).values_list("content_hash", "event_time")
    return {key: moment and moment.isoformat() for key, moment in found}


@pytest.mark.parametrize("layout", ["parquet", "csv", "huggingface"])
def test_dates_of_texts_survive_a_commit_an_export_and_an_import(layout, owner, run_jobs):
    first, second = (make_project(owner, "text_classification") for _ in range(2))
    lines = "".join(f"The {n}th text of all,{'ab'[n % 2]},2024-02-{n + 10}T08:30:00+02:00\n" for n in range(8))
    bring(first, owner, {"a.csv": f"text,label,published\n{lines}A text without,a,\n".encode()}, run_jobs)
    commit(first, owner, run_jobs)

    content = export(find_latest_version(first), owner, run_jobs, layout)
    name = {"parquet": "out.parquet", "csv": "out.csv", "huggingface": "out.zip"}[layout]
    bring(second, owner, {name: content}, run_jobs)

    before, after = read_moments(first), read_moments(second)
    assert before == after and len(before) == 9
    assert sorted(filter(None, after.values()))[0] == "2024-02-10T06:30:00+00:00"


@pytest.mark.parametrize("layout", ["parquet", "huggingface"])
def test_dates_of_pictures_survive_a_commit_an_export_and_an_import(layout, owner, run_jobs):
    first, second = (make_project(owner, "image_classification") for _ in range(2))
    bring(first, owner, {"a.zip": zip_of({"cat/1.png": png(10), "dog/2.png": png(90)})}, run_jobs)
    Item.objects.filter(dataset__project=first, label="cat").update(event_time="2024-03-01T10:00:00Z")
    commit(first, owner, run_jobs)

    content = export(find_latest_version(first), owner, run_jobs, layout)
    bring(second, owner, {"out.parquet" if layout == "parquet" else "out.zip": content}, run_jobs)

    assert read_moments(second) == read_moments(first)
    assert set(read_moments(second).values()) == {None, "2024-03-01T10:00:00+00:00"}


def test_dates_of_rows_survive_as_the_item_s_date_and_no_column(owner, run_jobs):
    first, second = (make_project(owner, "tabular_classification") for _ in range(2))
    bring(first, owner, {"a.csv": b"n,color,label,event_time\n1,red,x,2024-01-05\n2,blue,y,2024-01-06\n"}, run_jobs)
    commit(first, owner, run_jobs)

    content = export(find_latest_version(first), owner, run_jobs, "parquet")
    features = {"mapping": {"label": "label", "split": "split", "time": "event_time", "features": ["n", "color"]}}
    bring(second, owner, {"out.parquet": content}, run_jobs, **features)

    assert read_moments(second) == read_moments(first)
    assert all("event_time" not in item.row for item in Item.objects.all())


def test_coco_says_when_a_picture_was_taken(owner, run_jobs):
    first, second = (make_project(owner, "object_detection") for _ in range(2))
    bring(first, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]))}, run_jobs)
    Item.objects.filter(label__isnull=False).update(event_time="2024-03-01T10:00:00Z")
    commit(first, owner, run_jobs)

    bring(second, owner, {"out.zip": export(find_latest_version(first), owner, run_jobs, "coco")}, run_jobs)

    assert read_moments(second) == read_moments(first)
    dated = Item.objects.get(dataset__project=second, event_time__isnull=False)
    assert dated.event_time_origin == "COCO date_captured"
