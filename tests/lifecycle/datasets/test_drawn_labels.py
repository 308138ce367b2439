"""Boxes and spans that an import brings are annotations behind the items, and come again only when they changed."""

from __future__ import annotations

import json
import random

import pytest

from lifecycle.annotations.models import Annotation, LabelSchema, Task
from lifecycle.datasets.models import Item
from tests.lifecycle.datasets.test_import import bring, make_project, png, zip_of

pytestmark = pytest.mark.django_db


def coco(*boxes: tuple[int, list[float]]) -> str:
    return json.dumps({
        "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 40}],
        "categories": [{"id": 1, "name": "red cell"}, {"id": 2, "name": "white cell"}],
        "annotations": [{"id": i, "image_id": 1, "category_id": c, "bbox": box} for i, (c, box) in enumerate(boxes)],
    })  # fmt: skip


def pictures(*boxes) -> bytes:
    return zip_of({"labels.json": coco(*boxes).encode(), "a.png": png(9, 40), "b.png": png(99, 40)})


@pytest.fixture
def cells(owner):
    return make_project(owner, "object_detection")


def test_boxes_come_in_as_an_imported_annotation(cells, owner, run_jobs):
    collection = bring(cells, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]), (2, [20, 20, 10, 10]))}, run_jobs)

    annotation = Annotation.objects.get()
    assert (collection.accepted, collection.labeled) == (2, 1)
    assert [region["value"]["rectanglelabels"] for region in annotation.result] == [["red cell"], ["white cell"]]
    assert (annotation.result[0]["value"]["x"], annotation.result[0]["original_width"]) == (10.0, 40)
    assert annotation.item.label == annotation.value == "red cell, white cell"
    assert annotation.item.label_annotation_id == annotation.pk
    assert LabelSchema.objects.filter(project=cells).first().classes == ["red cell", "white cell"]
    assert set(Task.objects.values_list("state", flat=True)) == {"done", "open"}


def test_the_same_boxes_again_change_nothing_and_moved_ones_are_a_new_version(cells, owner, run_jobs):
    bring(cells, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]))}, run_jobs)

    again = bring(cells, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]))}, run_jobs)
    moved = bring(cells, owner, {"cells.zip": pictures((1, [8, 8, 8, 8]))}, run_jobs)

    assert (again.accepted, again.labeled, moved.accepted, moved.labeled) == (0, 0, 0, 1)
    item = Item.objects.exclude(label=None).get()
    current = Annotation.objects.get(is_current=True)
    assert item.label_annotation_id == current.pk and current.result[0]["value"]["x"] == 20.0
    assert current.previous_id and Annotation.objects.count() == 2


def test_spans_come_in_with_their_sentences(owner, run_jobs):
    project = make_project(owner, "span_labelling")

    bring(
        project, owner, {"news.conll": b"EU B-ORG\nrejects O\nNew B-LOC\nYork I-LOC\n\nnothing O\nhere O\n"}, run_jobs
    )

    labels = dict(Item.objects.values_list("text", "label"))
    assert labels == {"EU rejects New York": "LOC, ORG", "nothing here": "(nothing)"}
    assert Annotation.objects.get(value="LOC, ORG").result[0]["value"]["text"] == "EU"


def test_near_duplicates_stay_in_one_split(owner, run_jobs):
    project = make_project(owner, "text_classification")
    rng = random.Random(5)
    words = ["".join(rng.choices("aeioulnrst", k=rng.randint(3, 9))) for _ in range(400)]
    texts = [" ".join(rng.choices(words, k=40)) for _ in range(60)]
    bring(project, owner, {"a.csv": "\n".join(["text", *texts]).encode()}, run_jobs)
    first = dict(Item.objects.values_list("text", "split"))

    bring(project, owner, {"b.csv": "\n".join(["text", *(f"{t} again" for t in texts)]).encode()}, run_jobs)

    after = dict(Item.objects.values_list("text", "split"))
    assert {text: after[text] for text in first} == first, "no old item moves"
    assert len(set(first.values())) > 1
    together = sum(after[text] == after[f"{text} again"] for text in texts)
    assert together >= 0.95 * len(texts)
