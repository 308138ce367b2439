"""Regions and spans go out of a version in the layouts of other tools, and come back the same."""

from __future__ import annotations

import json

import pytest

from lifecycle.annotations.models import Annotation
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors import find_latest_version
from tests.lifecycle.datasets.test_drawn_labels import pictures
from tests.lifecycle.datasets.test_import import bring, make_project
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
